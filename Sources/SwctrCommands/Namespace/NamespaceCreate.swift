import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct NamespaceCreate: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Create a namespace")

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("namespace", help: "Name of the new namespace.")
    var name: String

    @Argument("key=value", help: "Labels.")
    var labels: [String] = []

    var action: Action { Action("create namespace", name) }

    func execute() throws(EngineError) -> Int32 {
        var request = Swctr_V1_CreateNamespaceRequest()
        request.namespace.name = try Namespace(name).rawValue
        for text in labels {
            let (key, value) = LabelRule.parse(text)
            request.namespace.labels[key] = value
        }
        try LabelRule.check(request.namespace.labels)
        _ = try global.connect().call(
            ServiceName.namespaces, "Create", request, returning: Swctr_V1_CreateNamespaceResponse.self)
        return 0
    }
}
