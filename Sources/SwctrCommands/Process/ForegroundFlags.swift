import SwctrArguments
import SwctrClient
import SwctrCore

/// How a command that stays with a process behaves to its user.
struct ForegroundFlags: ParsableArguments {
    @Option(
        "--detach-keys", valueName: "keys",
        help: "Keys that leave the terminal while the process goes on; empty for none.")
    var detachKeys = DetachKeys.standard

    @Option(
        "--sig-proxy", valueName: "true|false",
        help: "Without a terminal: whether signals go to the process, or end this command alone.")
    var sigProxy = true

    /// What the loop is told.
    func host() throws(EngineError) -> ForegroundProcess.Host {
        var host = ForegroundProcess.Host()
        host.detachKeys = try DetachKeys(detachKeys)
        host.forwardsSignals = sigProxy
        return host
    }
}
