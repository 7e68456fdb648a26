import ArgumentParser
import SwctrClient
import SwctrCore

struct TaskExec: ClientCommand, PassthroughCommand {
    static let configuration = CommandConfiguration.command(
        "exec", in: "tasks",
        abstract: "Run one more process in a container that runs",
        discussion: """
            Nothing after ID is a flag of swctr's. The exit status is the process's own.

            Examples:
              swctr tasks exec --exec-id shell -t web sh
              swctr tasks exec --exec-id look web cat /etc/hostname
            """)

    @Option(help: ArgumentHelp("Name of the new process.", valueName: "name"))
    var execID: String

    @OptionGroup(title: "Process")
    var process: ExecFlags

    @OptionGroup(title: "Foreground")
    var foreground: ForegroundFlags

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument(help: "Name of the container.", completion: .containers)
    var id: String

    @Argument(parsing: .captureForPassthrough, help: "Command and its arguments.")
    var command: [String]

    static let valueOptions = GlobalOptions.valueOptions.union(ExecFlags.valueOptions).union(["--exec-id"])
        .union(ForegroundFlags.valueOptions)

    var action: Action { Action("exec in", id) }

    mutating func validate() throws {
        if command.isEmpty { throw ValidationError("missing the command to run") }
    }

    func execute() throws(EngineError) -> Int32 {
        _ = try ContainerID(id)
        _ = try ExecID(execID)
        return try process.run(command, in: id, as: execID, try global.connect(), host: try foreground.host())
    }
}
