import ArgumentParser
import SwctrClient
import SwctrCore
import SwctrProto

/// What makes one more process of a container: the flags that `exec` and `tasks exec` share.
struct ExecFlags: ParsableArguments {
    @Flag(name: [.customShort("t"), .long], help: "Give the process a terminal.")
    var tty = false

    @Flag(name: [.customShort("d"), .long], help: "Return as soon as the process runs.")
    var detach = false

    @Option(
        name: [.customShort("w"), .long, .customLong("workdir")],
        help: ArgumentHelp("Working directory (default: the container's).", valueName: "path"))
    var cwd: String?

    @Option(
        name: [.customShort("u"), .long],
        help: ArgumentHelp("User, by name or number (default: the container's).", valueName: "user[:group]"))
    var user: String?

    @Option(
        name: [.customShort("e"), .long], parsing: .unconditionalSingleValue,
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

    static let valueOptions: Set<String> = [
        "--cwd", "--workdir", "-w", "--user", "-u", "--env", "-e", "--log-uri", "--fifo-dir",
    ]

    mutating func validate() throws {
        if logURI != nil, tty { throw ValidationError("--log-uri and --tty contradict each other") }
        if logURI != nil, fifoDirectory != nil {
            throw ValidationError("--log-uri and --fifo-dir contradict each other")
        }
    }

    /// Runs the process and stays with it unless it is detached.
    func run(
        _ command: [String], in id: String, as execID: String, _ client: Client, host: ForegroundProcess.Host
    ) throws(EngineError) -> Int32 {
        let run = ProcessRun(
            client: client, id: id, execID: execID, terminal: tty, detach: detach,
            destination: logURI.map { .uri($0) } ?? .fifos(parent: fifoDirectory), host: host)
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
