import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct NamespaceDelete: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Remove namespaces that are empty",
        discussion: "Prints the names that were removed. A name that is not here is only warned of.")

    @Flag("-c", "--cgroup", help: "Remove the control group /NAMESPACE too.")
    var cgroup = false

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("namespace", help: "Names of namespaces.", completion: .namespaces)
    var names: [String]

    var action: Action { Action("remove namespace", names.count == 1 ? names[0] : "") }

    func execute() throws(EngineError) -> Int32 {
        let client = try global.connect()
        return try forEach(names, debug: global.debug, verb: "remove namespace") { name throws(EngineError) in
            var request = Swctr_V1_DeleteNamespaceRequest()
            request.name = try Namespace(name).rawValue
            request.cgroup = cgroup
            do throws(EngineError) {
                _ = try client.call(
                    ServiceName.namespaces, "Delete", request, returning: Swctr_V1_DeleteNamespaceResponse.self)
            } catch  where error.code == .notFound {
                complain("warning: namespace \"\(name)\" is not here")
                return 0
            }
            emit(name)
            return 0
        }
    }
}
