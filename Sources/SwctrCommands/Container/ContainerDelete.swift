import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct ContainerDelete: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Delete containers that do not run, with their snapshots")

    @Flag("--keep-snapshot", help: "Leave the snapshot, and what the container wrote in it.")
    var keepSnapshot = false

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("ids", help: "Names of containers.", completion: .containers)
    var ids: [String]

    var action: Action { Action("delete container", ids.count == 1 ? ids[0] : "") }

    func execute() throws(EngineError) -> Int32 {
        let client = try global.connect()
        return try forEach(ids, debug: global.debug, verb: "delete container") { id throws(EngineError) in
            _ = try ContainerID(id)
            // Its task, if one is left, goes with it.
            let stdio = (try? client.task(id))?.stdio
            var request = Swctr_V1_DeleteContainerRequest()
            request.id = id
            request.keepSnapshot = keepSnapshot
            _ = try client.call(
                ServiceName.containers, "Delete", request, returning: Swctr_V1_DeleteContainerResponse.self)
            if let stdio { FIFOSet(existing: stdio).remove() }
            return 0
        }
    }
}
