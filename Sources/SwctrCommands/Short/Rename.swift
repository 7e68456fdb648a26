import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct Rename: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Give a container another name",
        discussion: "Its id stays. Commands take the name in place of the id.")

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("id", help: "Id or name of the container.", completion: .containers)
    var id: String

    @Argument("new-name", help: "Its new name.")
    var name: String

    var action: Action { Action("rename", id) }

    func execute() throws(EngineError) -> Int32 {
        _ = try ContainerID(id)
        if let reason = IdentifierRule.violation(of: name) {
            throw EngineError(.invalidArgument, subject: "name \"\(name)\"", message: reason)
        }
        var request = Swctr_V1_RenameContainerRequest()
        request.id = id
        request.name = name
        _ = try global.connect().call(
            ServiceName.containers, "Rename", request, returning: Swctr_V1_RenameContainerResponse.self)
        return 0
    }
}
