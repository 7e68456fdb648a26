import ArgumentParser
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct TaskList: ClientCommand {
    static let configuration = CommandConfiguration.command(
        "ls", in: "tasks",
        abstract: "List tasks", aliases: ["list"])

    @Flag(name: .shortAndLong, help: "Print ids only.")
    var quiet = false

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    var action: Action { Action("list tasks") }

    func execute() throws(EngineError) -> Int32 {
        let response: Swctr_V1_ListTasksResponse = try global.connect().call(
            ServiceName.tasks, "List", Swctr_V1_ListTasksRequest())
        if quiet {
            for task in response.tasks { emit(task.containerID) }
            return 0
        }
        var table = Table(["TASK", "PID", "STATUS"], gap: 4)
        for task in response.tasks { table.add([task.containerID, "\(task.pid)", task.status.word]) }
        table.print()
        return 0
    }
}

extension Swctr_V1_TaskStatus {
    /// In containerd's words.
    var word: String {
        switch self {
        case .created: "CREATED"
        case .running: "RUNNING"
        case .stopped: "STOPPED"
        case .paused: "PAUSED"
        case .pausing: "PAUSING"
        case .unknown, .UNRECOGNIZED: "UNKNOWN"
        }
    }
}
