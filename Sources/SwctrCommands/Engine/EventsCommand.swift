import ArgumentParser
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire
import SwiftProtobuf

struct EventsCommand: ClientCommand {
    static let configuration = CommandConfiguration.command(
        "events",
        abstract: "Print events as they happen, of all namespaces",
        discussion: """
            A line an event: time, namespace, topic, content. Events from before are not shown.

            Examples:
              swctr events
              swctr events 'topic==/tasks/exit'
            """,
        aliases: ["event"])

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument(help: "Filters on topic and namespace.")
    var filters: [String] = []

    var action: Action { Action("watch events") }

    func execute() throws(EngineError) -> Int32 {
        var request = Swctr_V1_SubscribeRequest()
        request.filters = filters
        try global.connect().stream(
            ServiceName.events, "Subscribe", request, returning: Swctr_V1_Event.self
        ) { event throws(EngineError) in
            // When nobody reads any more there is nothing left to do.
            emit(Self.line(event))
        }
        return 0
    }

    static func line(_ event: Swctr_V1_Event) -> String {
        let content = AnyMessage.json(event.event) ?? .object([.init("type_url", .string(event.event.typeURL))])
        return "\(Wording.moment(event.timestamp)) \(event.namespace) \(event.topic) \(content.compact)"
    }
}
