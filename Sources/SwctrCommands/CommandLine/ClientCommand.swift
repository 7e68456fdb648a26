import SwctrArguments
import SwctrCore

/// A command that talks to the manager. What it answers is the program's exit status.
protocol ClientCommand: ParsableCommand {
    var global: GlobalOptions { get }
    /// What is being done and to what, for the line that says that it failed: ("run", "web").
    var action: Action { get }
    func execute() throws(EngineError) -> Int32
}

extension ClientCommand {
    /// Says in one line what went wrong.
    ///
    /// - Returns: of our errors 2 for a request that is wrong in itself, 125 where a process's status is lost, 1 for every
    ///   other one.
    func run() -> Int32 {
        do { return try execute() } catch {
            complain(ErrorLine.text(error, during: action, debug: global.debug))
            return switch error.code {
            case .dataLoss: 125
            case .invalidArgument: CommandLineEntry.usageStatus
            default: 1
            }
        }
    }
}

/// The beginning of an error's line.
struct Action: Equatable {
    var verb: String
    var subject: String

    init(_ verb: String, _ subject: String = "") {
        self.verb = verb
        self.subject = subject
    }
}
