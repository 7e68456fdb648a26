import ArgumentParser
import SwctrCore

/// Where a process's output goes: the flags that `run` and `tasks start` share.
struct StreamFlags: ParsableArguments {
    @Flag(name: [.customShort("d"), .long], help: "Return as soon as the process runs.")
    var detach = false

    @Flag(help: "Discard output; there is no input.")
    var nullIO = false

    @Option(
        name: .customLong("log-uri"),
        help: ArgumentHelp("Let the shim write the output to file:///… or hand it to binary:///….", valueName: "uri"))
    var logURI: String?

    @Option(
        name: .customLong("fifo-dir"),
        help: ArgumentHelp("Where to make the FIFOs (default: /run/swctr/fifo).", valueName: "path"))
    var fifoDirectory: String?

    @Option(
        name: .customLong("pid-file"),
        help: ArgumentHelp("Write the process's id to this file before it starts.", valueName: "path"))
    var pidFile: String?

    @Flag(help: "Move the root file system into place instead of pivoting into it (io.containerd.runc.v2 only).")
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

    mutating func validate() throws {
        if nullIO, logURI != nil { throw ValidationError("--null-io and --log-uri contradict each other") }
        if logURI != nil, fifoDirectory != nil {
            throw ValidationError("--log-uri and --fifo-dir contradict each other")
        }
    }

    static let valueOptions: Set<String> = ["--log-uri", "--fifo-dir", "--pid-file"]
}

/// Where a process's output goes.
enum StreamDestination: Equatable {
    case null
    /// The shim's business.
    case uri(String)
    /// To us, by FIFOs in a new folder below `parent`, or below the usual place.
    case fifos(parent: String?)
}
