import Foundation
import Testing

@testable import SwctrArguments
@testable import SwctrCommands

/// `docs/commands.md` is what the commands say of themselves. RECORD_GOLDEN=1 writes it anew.
@Suite("Help")
struct HelpTests {
    /// Every command with its words, the root first.
    private static var commands: [(type: any ParsableCommand.Type, path: [String])] {
        func all(_ type: any ParsableCommand.Type, _ path: [String]) -> [(any ParsableCommand.Type, [String])] {
            [(type, path)] + type.configuration.subcommands.flatMap { all($0.type, path + [$0.name]) }
        }
        return all(Swctr.self, [])
    }

    private static func document() throws -> String {
        var text = """
            # Commands

            What `swctr COMMAND --help` says. This page is written by a test (`RECORD_GOLDEN=1 swift test --filter HelpTests`)
            and another run of it checks that it is up to date. `swctr --generate-completion-script bash|zsh|fish` prints
            completions for a shell.

            """
        for (_, path) in commands {
            guard case .text(let help) = try Program.swctr.request(path + ["--help"], columns: 100) else { continue }
            text += "\n## \((["swctr"] + path).joined(separator: " "))\n\n```text\n\(help)\n```\n"
        }
        return text
    }

    @Test("docs/commands.md is what the commands say")
    func golden() throws {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../docs/commands.md").standardized
        let document = try Self.document()
        if ProcessInfo.processInfo.environment["RECORD_GOLDEN"] != nil { try Data(document.utf8).write(to: path) }
        #expect(try String(contentsOf: path, encoding: .utf8) == document)
    }

    @Test("every command has an abstract in the imperative, without a full stop, and every option a help text")
    func abstracts() {
        for (type, path) in Self.commands {
            let abstract = type.configuration.abstract
            #expect(!abstract.isEmpty && !abstract.hasSuffix("."), "\(path)")
            for declaration in Registration.make(type).1.declarations {
                #expect(!declaration.help.isEmpty, "\(path) \(declaration.title)")
            }
        }
    }

    @Test("within a command every name stands for one thing, begins with dashes, and is not the parser's own")
    func names() {
        for (type, path) in Self.commands {
            let declarations = Registration.make(type).1.declarations
            let names = declarations.flatMap(\.names)
            #expect(Set(names).count == names.count, "\(path)")
            #expect(Set(names).isDisjoint(with: ["-h", "--help", "--"]), "\(path)")
            for name in names {
                #expect(name.hasPrefix("--") ? name.count > 3 || name == "--" : name.count == 2, "\(path) \(name)")
                #expect(name.hasPrefix("-") && !name.contains("="), "\(path) \(name)")
            }
            for declaration in declarations where declaration.kind == .option {
                #expect(!declaration.valueName.isEmpty, "\(path) \(declaration.title)")
            }
            let arguments = declarations.filter { $0.kind == .argument }
            #expect(arguments.dropLast().allSatisfy { !$0.isRepeating }, "\(path)")
        }
    }

    @Test("within a group every word stands for one command")
    func words() {
        for (type, path) in Self.commands {
            let words = type.configuration.subcommands.flatMap { [$0.name] + $0.aliases }
            #expect(Set(words).count == words.count, "\(path)")
        }
    }

    @Test("an option that may stand before a command's words is one of every command")
    func leadingOptions() {
        for group in Self.commands {
            for option in group.type.configuration.leadingOptions {
                for (type, path) in Self.commands
                where path.starts(with: group.path) && type.configuration.subcommands.isEmpty {
                    let declaration = Registration.make(type).1.declarations.first { $0.names.contains(option.name) }
                    #expect(declaration?.kind == (option.takesValue ? .option : .flag), "\(path) \(option.name)")
                }
            }
        }
    }
}
