import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto

/// What makes one more process of a container: the flags that `exec` and `tasks exec` share.
struct ExecFlags: ParsableArguments {
    @Flag("-t", "--tty", help: "Give the process a terminal.")
    var tty = false

    @Flag("-d", "--detach", help: "Return as soon as the process runs.")
    var detach = false

    @Option("-w", "--cwd", "--workdir", valueName: "path", help: "Working directory (default: the container's).")
    var cwd: String?

    @Option("-u", "--user", valueName: "user[:group]", help: "User, by name or number (default: the container's).")
    var user: String?

    @Option(
        "-e", "--env", valueName: "variable", parsing: .unconditional,
        help: "Set KEY=VALUE over the container's environment. May be repeated.")
    var env: [String] = []

    @Option(
        "--log-uri", valueName: "uri", help: "Let the shim write the output to file:///… or hand it to binary:///….")
    var logURI: String?

    @Option("--fifo-dir", valueName: "path", help: "Where to make the FIFOs (default: /run/swctr/fifo).")
    var fifoDirectory: String?

    func validate() throws(ValidationError) {
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
