import ArgumentParser
import SwctrCore

/// A command that talks to the manager. What it answers is the program's exit status.
protocol ClientCommand: ParsableCommand {
    var global: GlobalOptions { get }
    /// What is being done and to what, for the line that says that it failed: ("run", "web").
    var action: Action { get }
    func execute() throws(EngineError) -> Int32
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
