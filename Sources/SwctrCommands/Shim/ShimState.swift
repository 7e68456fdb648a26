import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire
import SwiftProtobuf

struct ShimState: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the state of a task, as its shim sees it")

    @OptionGroup(title: "Shim")
    var shim: ShimFlags

    @Option("-t", "--task-id", valueName: "name", help: "Name of the task (default: that of --id).")
    var taskID: String?

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    var action: Action { Action("state of", shim.id ?? "") }

    func execute() throws(EngineError) -> Int32 {
        var request = Containerd_Task_V2_StateRequest()
        request.id = if let taskID { taskID } else { try shim.task() }
        let state: Containerd_Task_V2_StateResponse = try shim.connect(global).call("State", request)
        emit(Wording.json(state).formatted())
        return 0
    }
}
