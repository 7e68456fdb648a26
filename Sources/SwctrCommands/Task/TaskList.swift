import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct TaskList: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "List tasks",
        discussion: """
            Examples:
              swctr tasks ls
              swctr tasks ls --format '{{.ID}} {{.Pid}}'
            """)

    @Flag("-q", "--quiet", help: "Print ids only.")
    var quiet = false

    @Option("--format", valueName: "format", help: ListFormat.help)
    var format = ListFormat.table

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
        let rows = response.tasks.map { task in
            JSONValue.object([
                .init("ID", .string(task.containerID)), .init("Pid", .integer(task.pid)),
                .init("Status", .string(task.status.word)), .init("ExitCode", .integer(task.exitStatus)),
                .init("ShimPid", .integer(task.shimPid)),
            ])
        }
        try Listing(columns: [("TASK", "ID"), ("PID", "Pid"), ("STATUS", "Status")], rows: rows).print(format)
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
