import SwctrArguments
import SwctrCore

/// Where a process's output goes: the flags that `run` and `tasks start` share.
struct StreamFlags: ParsableArguments {
    @Flag("-d", "--detach", help: "Return as soon as the process runs.")
    var detach = false

    @Flag("--null-io", help: "Discard output; there is no input.")
    var nullIO = false

    @Option(
        "--log-uri", valueName: "uri", help: "Let the shim write the output to file:///… or hand it to binary:///….")
    var logURI: String?

    @Option("--fifo-dir", valueName: "path", help: "Where to make the FIFOs (default: /run/swctr/fifo).")
    var fifoDirectory: String?

    @Option("--pid-file", valueName: "path", help: "Write the process's id to this file before it starts.")
    var pidFile: String?

    @Flag(
        "--no-pivot",
        help: "Move the root file system into place instead of pivoting into it (io.containerd.runc.v2 only).")
    var noPivot = false

    /// The choice that the flags amount to.
    var destination: StreamDestination {
        if nullIO { return .null }
        if let logURI { return .uri(logURI) }
        return .fifos(parent: fifoDirectory)
    }

    /// Refuses options that the runtime does not take.
    ///
    /// - Parameter runtime: empty for the manager's default.
    func check(runtime: String) throws(EngineError) {
        try RuntimeOptionRule.check(
            runtime: runtime.isEmpty ? RuntimeOptionRule.runcRuntime : runtime,
            flags: RuntimeOptionRule.RuncFlags(otherFields: noPivot ? ["--no-pivot"] : []), cgroup: nil)
    }

    func validate() throws(ValidationError) {
        if nullIO, logURI != nil { throw ValidationError("--null-io and --log-uri contradict each other") }
        if logURI != nil, fifoDirectory != nil {
            throw ValidationError("--log-uri and --fifo-dir contradict each other")
        }
    }

}

/// Where a process's output goes.
enum StreamDestination: Equatable {
    case null
    /// The shim's business.
    case uri(String)
    /// To us, by FIFOs in a new folder below `parent`, or below the usual place.
    case fifos(parent: String?)
}
