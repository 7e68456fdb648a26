import SwctrArguments
import SwctrClient
import SwctrCore

struct Exec: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run one more process in a container that runs",
        discussion: """
            As 'tasks exec', with a name of the process that is made up. Nothing after ID is a flag of swctr's. The exit \
            status is the process's own.

            Examples:
              swctr exec -it web sh
              swctr exec -e DEBUG=1 web ps
            """,
        passesArguments: true)

    @Flag("-i", "--interactive", help: "Give the process this command's input; without it there is none.")
    var interactive = false

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

    func validate() throws(ValidationError) {
        if interactive, process.detach { throw ValidationError("--interactive and --detach contradict each other") }
    }

    func execute() throws(EngineError) -> Int32 {
        _ = try ContainerID(id)
        var host = try foreground.host()
        // A terminal's input comes with it.
        let silence = interactive || process.tty ? nil : try UserFile.nothing()
        if let silence { host.input = silence }
        let name = "exec-" + String(UInt64.random(in: .min ... .max), radix: 16)
        return try process.run(command, in: id, as: name, try global.connect(), host: host)
    }
}
