import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct Remove: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Remove containers, with their snapshots",
        discussion: """
            Examples:
              swctr rm web
              swctr rm -f web db
            """)

    @Flag("-f", "--force", help: "Kill what runs first.")
    var force = false

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("ids", help: "Names of containers.", completion: .containers)
    var ids: [String]

    var action: Action { Action("remove", ids.count == 1 ? ids[0] : "") }

    func execute() throws(EngineError) -> Int32 {
        let client = try global.connect()
        return try forEach(ids, debug: global.debug, verb: "remove") { id throws(EngineError) in
            _ = try ContainerID(id)
            let stdio = (try? client.task(id))?.stdio
            if force, stdio != nil { try client.deleteTask(id, force: true) }
            var request = Swctr_V1_DeleteContainerRequest()
            request.id = id
            do throws(EngineError) {
                _ = try client.call(
                    ServiceName.containers, "Delete", request, returning: Swctr_V1_DeleteContainerResponse.self)
            } catch  where error.code == .notFound && force && stdio != nil {
                // One that was to be removed at its end went with its task.
            }
            if let stdio { FIFOSet(existing: stdio).remove() }
            emit(id)
            return 0
        }
    }
}
