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

extension CommandConfiguration {
    /// Of a command that is parsed on its own, without the tree above it: that halves the work of a start, most of which
    /// is the runtime's search for conformances.
    ///
    /// - Parameter group: the word before the command's own.
    static func command(
        _ name: String, in group: String? = nil, abstract: String, usage: String? = nil, discussion: String = "",
        aliases: [String] = []
    ) -> CommandConfiguration {
        var configuration = CommandConfiguration(
            commandName: name, abstract: abstract, usage: usage, discussion: discussion, aliases: aliases)
        // The words that usage and hints put before the name. The parser also takes it for a sign that completion
        // scripts are asked of somebody else, and does not look for that request.
        configuration._superCommandName = group.map { "swctr \($0)" } ?? "swctr"
        return configuration
    }
}
