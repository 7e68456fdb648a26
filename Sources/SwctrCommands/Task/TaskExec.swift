import SwctrArguments
import SwctrClient
import SwctrCore

struct TaskExec: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run one more process in a container that runs",
        discussion: """
            Nothing after ID is a flag of swctr's. The exit status is the process's own.

            Examples:
              swctr tasks exec --exec-id shell -t web sh
              swctr tasks exec --exec-id look web cat /etc/hostname
            """,
        passesArguments: true)

    @Option("--exec-id", valueName: "name", help: "Name of the new process.")
    var execID: String

    @OptionGroup(title: "Process")
    var process: ExecFlags

    @OptionGroup(title: "Foreground")
    var foreground: ForegroundFlags

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("id", help: "Name of the container.", completion: .containers)
    var id: String

    @Argument("command", help: "Command and its arguments.")
    var command: [String]

    var action: Action { Action("exec in", id) }

    func execute() throws(EngineError) -> Int32 {
        _ = try ContainerID(id)
        _ = try ExecID(execID)
        return try process.run(command, in: id, as: execID, try global.connect(), host: try foreground.host())
    }
}
