import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct ContainerLabel: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Set and remove labels of a container, and print all it has",
        discussion: """
            A bare KEY means KEY=true, an empty value removes the label. Without any the labels are only printed.

            Examples:
              swctr containers label web tier=front
              swctr containers label web tier=
            """)

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("id", help: "Name of the container.", completion: .containers)
    var id: String

    @Argument("key=value", help: "Labels.")
    var labels: [String] = []

    var action: Action { Action("label", id) }

    func execute() throws(EngineError) -> Int32 {
        _ = try ContainerID(id)
        let changes = try LabelArguments.parse(labels)
        let client = try global.connect()
        let container: Swctr_V1_Container
        if changes.isEmpty {
            var request = Swctr_V1_GetContainerRequest()
            request.id = id
            let response: Swctr_V1_GetContainerResponse = try client.call(ServiceName.containers, "Get", request)
            container = response.container
        } else {
            var request = Swctr_V1_LabelContainerRequest()
            request.id = id
            request.labels = changes
            let response: Swctr_V1_LabelContainerResponse = try client.call(ServiceName.containers, "Label", request)
            container = response.container
        }
        emit(container.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ","))
        return 0
    }
}

/// Labels as arguments of a command.
enum LabelArguments {
    /// - Throws: `.invalidArgument` for a label that breaks the rule.
    static func parse(_ texts: [String]) throws(EngineError) -> Labels {
        var labels: Labels = [:]
        for text in texts {
            let (key, value) = LabelRule.parse(text)
            labels[key] = value
        }
        try LabelRule.check(labels)
        return labels
    }
}
