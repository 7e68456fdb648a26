import ArgumentParser
import SwctrClient
import SwctrCore
import SwctrProto

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

    @Flag(name: [.customShort("t"), .long], help: "Give the process a terminal.")
    var tty = false

    @Flag(name: [.customShort("d"), .long], help: "Return as soon as the process runs.")
    var detach = false

    @Option(help: ArgumentHelp("Working directory (default: the container's).", valueName: "path"))
    var cwd: String?

    @Option(
        name: [.customShort("u"), .long],
        help: ArgumentHelp("User, by name or number (default: the container's).", valueName: "user[:group]"))
    var user: String?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Set KEY=VALUE over the container's environment. May be repeated.", valueName: "variable"))
    var env: [String] = []

    @Option(
        name: .customLong("log-uri"),
        help: ArgumentHelp("Let the shim write the output to file:///… or hand it to binary:///….", valueName: "uri"))
    var logURI: String?

    @Option(
        name: .customLong("fifo-dir"),
        help: ArgumentHelp("Where to make the FIFOs (default: /run/swctr/fifo).", valueName: "path"))
    var fifoDirectory: String?

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument(help: "Name of the container.")
    var id: String

    @Argument(parsing: .captureForPassthrough, help: "Command and its arguments.")
    var command: [String]

    static let valueOptions = GlobalOptions.valueOptions.union([
        "--exec-id", "--cwd", "--user", "-u", "--env", "--log-uri", "--fifo-dir",
    ])

    var action: Action { Action("exec in", id) }

    mutating func validate() throws {
        if command.isEmpty { throw ValidationError("missing the command to run") }
        if logURI != nil, tty { throw ValidationError("--log-uri and --tty contradict each other") }
        if logURI != nil, fifoDirectory != nil {
            throw ValidationError("--log-uri and --fifo-dir contradict each other")
        }
    }

    func execute() throws(EngineError) -> Int32 {
        _ = try ContainerID(id)
        _ = try ExecID(execID)
        let run = ProcessRun(
            client: try global.connect(), id: id, execID: execID, terminal: tty, detach: detach,
            destination: logURI.map { .uri($0) } ?? .fifos(parent: fifoDirectory))
        return try run.start("Exec") { stdio, size in
            var request = Swctr_V1_ExecRequest()
            request.id = id
            request.execID = execID
            request.args = command
            request.env = env
            request.cwd = cwd ?? ""
            request.user = user ?? ""
            request.stdio = stdio
            if let size { request.consoleSize = size }
            request.detach = detach
            return request
        }
    }
}
