import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire
import SwiftProtobuf

struct EventsCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print events as they happen, of all namespaces",
        discussion: """
            A line an event: time, namespace, topic, content; as JSON an object a line. Events from before are not shown.

            Examples:
              swctr events
              swctr events 'topic==/tasks/exit'
              swctr events --format '{{.Topic}} {{.Event.container_id}}' 'topic~=^/tasks/'
            """)

    @Option("--format", valueName: "format", help: "How to print an event: table, json, or a template.")
    var format = ListFormat.table

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("filters", help: "Filters on topic and namespace.")
    var filters: [String] = []

    var action: Action { Action("watch events") }

    func execute() throws(EngineError) -> Int32 {
        var request = Swctr_V1_SubscribeRequest()
        request.filters = filters
        try global.connect().stream(
            ServiceName.events, "Subscribe", request, returning: Swctr_V1_Event.self
        ) { event throws(EngineError) in
            // When nobody reads any more there is nothing left to do.
            switch format {
            case .table: emit(Self.line(event))
            case .json: emit(Self.record(event).compact)
            case .template(let template): emit(try template.filled(with: Self.record(event)))
            }
        }
        return 0
    }

    static func line(_ event: Swctr_V1_Event) -> String {
        "\(Wording.moment(event.timestamp)) \(event.namespace) \(event.topic) \(content(event).compact)"
    }

    static func record(_ event: Swctr_V1_Event) -> JSONValue {
        .object([
            .init("Timestamp", .string(Wording.moment(event.timestamp))),
            .init("Namespace", .string(event.namespace)), .init("Topic", .string(event.topic)),
            .init("Event", content(event)),
        ])
    }

    private static func content(_ event: Swctr_V1_Event) -> JSONValue {
        AnyMessage.json(event.event) ?? .object([.init("type_url", .string(event.event.typeURL))])
    }
}
