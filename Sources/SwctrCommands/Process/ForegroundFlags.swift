import ArgumentParser
import SwctrClient
import SwctrCore

/// How a command that stays with a process behaves to its user.
struct ForegroundFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Keys that leave the terminal while the process goes on; empty for none.", valueName: "keys"))
    var detachKeys = DetachKeys.standard

    @Option(
        help: ArgumentHelp(
            "Without a terminal: whether signals go to the process, or end this command alone.",
            valueName: "true|false"))
    var sigProxy = true

    static let valueOptions: Set<String> = ["--detach-keys", "--sig-proxy"]

    /// What the loop is told.
    func host() throws(EngineError) -> ForegroundProcess.Host {
        var host = ForegroundProcess.Host()
        host.detachKeys = try DetachKeys(detachKeys)
        host.forwardsSignals = sigProxy
        return host
    }
}
