import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct TaskDelete: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Delete tasks that have ended",
        discussion: "With --exec-id the exit status is that of the process that is deleted.")

    @Flag("-f", "--force", help: "Kill first.")
    var force = false

    @Option("--exec-id", valueName: "name", help: "Delete this process of the container instead.")
    var execID: String?

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("ids", help: "Names of containers.", completion: .containers)
    var ids: [String]

    var action: Action { Action("delete task", ids.count == 1 ? ids[0] : "") }

    func validate() throws(ValidationError) {
        if execID != nil, ids.count > 1 { throw ValidationError("--exec-id takes one container") }
    }

    func execute() throws(EngineError) -> Int32 {
        let client = try global.connect()
        return try forEach(ids, debug: global.debug, verb: "delete task") { id throws(EngineError) in
            _ = try ContainerID(id)
            let stdio = (try? client.task(id, execID: execID ?? ""))?.stdio
            var request = Swctr_V1_DeleteTaskRequest()
            request.id = id
            request.execID = execID ?? ""
            request.force = force
            let response: Swctr_V1_DeleteTaskResponse = try client.call(ServiceName.tasks, "Delete", request)
            // Those of a detached process have nobody else to remove them.
            if let stdio { FIFOSet(existing: stdio).remove() }
            return execID == nil ? 0 : Int32(response.exited.exitStatus & 0xff)
        }
    }
}

/// Does the same to each, goes on after an error, and ends with 1 if there was one.
func forEach(
    _ names: [String], debug: Bool, verb: String, _ body: (String) throws(EngineError) -> Int32
) throws(EngineError) -> Int32 {
    // The only one's error is the command's own.
    if names.count == 1 { return try body(names[0]) }
    var status: Int32 = 0
    for name in names {
        do { status = max(status, try body(name)) } catch {
            complain(ErrorLine.text(error, during: Action(verb, name), debug: debug))
            status = 1
        }
    }
    return status
}
