import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct TaskProcesses: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the processes of a container, by their ids on the host")

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("id", help: "Name of the container.", completion: .containers)
    var id: String

    var action: Action { Action("list processes of", id) }

    func execute() throws(EngineError) -> Int32 {
        _ = try ContainerID(id)
        var request = Swctr_V1_ListProcessesRequest()
        request.id = id
        let response: Swctr_V1_ListProcessesResponse = try global.connect().call(
            ServiceName.tasks, "Processes", request)
        var table = Table(["PID", "INFO"], gap: 4)
        for process in response.processes {
            table.add(["\(process.pid)", process.execID.isEmpty ? "-" : process.execID])
        }
        table.print()
        return 0
    }
}
