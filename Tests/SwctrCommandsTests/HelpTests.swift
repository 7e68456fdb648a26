import ArgumentParser
import Foundation
import Testing

@testable import SwctrCommands

/// `docs/commands.md` is what the commands say of themselves. RECORD_GOLDEN=1 writes it anew.
@Suite("Help")
struct HelpTests {
    private static var document: String {
        var text = """
            # Commands

            What `swctr COMMAND --help` says. This page is written by a test (`RECORD_GOLDEN=1 swift test --filter HelpTests`)
            and another run of it checks that it is up to date. `swctr --generate-completion-script bash|zsh|fish` prints
            completions for a shell.

            """
        func add(_ type: any ParsableCommand.Type, _ path: [String]) {
            let help = Swctr.helpMessage(for: type, columns: 100)
                .split(separator: "\n", omittingEmptySubsequences: false)
                .map { $0.reversed().drop { $0 == " " }.reversed().map(String.init).joined() }.joined(separator: "\n")
            text += "\n## \(path.joined(separator: " "))\n\n```text\n\(help.trimmingCharacters(in: .newlines))\n```\n"
            for child in type.configuration.subcommands { add(child, path + [child._commandName]) }
        }
        add(Swctr.self, ["swctr"])
        return text
    }

    @Test("docs/commands.md is what the commands say")
    func golden() throws {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../docs/commands.md").standardized
        if ProcessInfo.processInfo.environment["RECORD_GOLDEN"] != nil { try Data(Self.document.utf8).write(to: path) }
        #expect(try String(contentsOf: path, encoding: .utf8) == Self.document)
    }

    @Test("every command has an abstract in the imperative, without a full stop, and every option a help text")
    func abstracts() throws {
        func visit(_ type: any ParsableCommand.Type) {
            let abstract = type.configuration.abstract
            #expect(!abstract.isEmpty && !abstract.hasSuffix("."), "\(type)")
            for child in type.configuration.subcommands { visit(child) }
        }
        visit(Swctr.self)
        #expect(!Swctr._dumpHelp().contains(#""abstract" : """#))
    }

    @Test("completions are made for every shell", arguments: [CompletionShell.bash, .zsh, .fish])
    func completions(shell: CompletionShell) {
        #expect(Swctr.completionScript(for: shell).contains("runc-binary"))
    }
}
