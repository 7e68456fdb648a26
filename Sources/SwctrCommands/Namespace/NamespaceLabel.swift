import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct NamespaceLabel: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Set and remove labels of a namespace",
        discussion: "A bare KEY means KEY=true, an empty value removes the label.")

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("namespace", help: "Name of the namespace.")
    var name: String

    @Argument("key=value", help: "Labels.")
    var labels: [String]

    var action: Action { Action("label namespace", name) }

    func execute() throws(EngineError) -> Int32 {
        var request = Swctr_V1_LabelNamespaceRequest()
        request.name = try Namespace(name).rawValue
        request.labels = try LabelArguments.parse(labels)
        _ = try global.connect().call(
            ServiceName.namespaces, "Label", request, returning: Swctr_V1_LabelNamespaceResponse.self)
        return 0
    }
}
