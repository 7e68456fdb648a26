import ArgumentParser
import SwctrCore

/// A command of whose arguments, from the first positional one on, nothing is a flag.
protocol PassthroughCommand: ParsableCommand {
    /// Every option that takes a value, in all its spellings: without them nobody can tell `--env X` from `--rm IMAGE`.
    /// A test keeps the list in step with the declarations.
    static var valueOptions: Set<String> { get }
}

/// The command line as ctr's users type it, rearranged for a parser that wants options after the command they belong to:
///
///     swctr -n web snapshots --snapshotter native ls    →    (snapshots ls) --namespace web --snapshotter native
///     swctr run --rm IMAGE ID sh -c 'exit 3'            →    (run) --rm -- IMAGE ID sh -c 'exit 3'
struct Arrangement {
    /// The command that was named, or the root where none was.
    var command: any ParsableCommand.Type
    /// What is left for it to parse.
    var arguments: [String]
    /// The words of the command that was named: ["snapshots", "ls"].
    var path: [String]

    /// The command with its options and arguments.
    func parse() throws -> any ParsableCommand { try command.parseAsRoot(arguments) }

    /// Options that may stand before the command's words, with the spelling that the parser knows.
    private static let global = [
        "-a": "--address", "--address": "--address", "-n": "--namespace", "--namespace": "--namespace",
        "--timeout": "--timeout", "--connect-timeout": "--connect-timeout",
    ]

    /// - Throws: `.invalidArgument` for a word that is no command and for an option that stands before the command and
    ///   means nothing there.
    init(_ line: [String], root: any ParsableCommand.Type) throws(EngineError) {
        var rest = line[...]
        var node: any ParsableCommand.Type = root
        var path: [String] = []
        var options: [String] = []
        var groupOptions: [String: String] = [:]
        while let word = rest.first {
            if !word.hasPrefix("-") || word == "-" {
                let children = node.configuration.subcommands
                if children.isEmpty { break }
                guard let child = children.first(where: { Self.names(of: $0).contains(word) }) else {
                    // The parser's own commands.
                    if path.isEmpty, word == "help" {
                        self.init(command: root, arguments: line, path: [])
                        return
                    }
                    let owner = (["swctr"] + path).joined(separator: " ")
                    throw EngineError(
                        .invalidArgument, message: "\"\(word)\" is no command of \(owner)",
                        hint: "see '\(owner) --help'")
                }
                rest.removeFirst()
                node = child
                path.append(child._commandName)
                groupOptions = (child as? any OptionGroupCommand.Type)?.groupOptions ?? [:]
                continue
            }
            if node.configuration.subcommands.isEmpty { break }
            let name = word.split(separator: "=", maxSplits: 1).first.map(String.init) ?? word
            if word == "--debug" {
                options.append(word)
                rest.removeFirst()
            } else if let spelling = Self.global[name] ?? groupOptions[name] {
                rest.removeFirst()
                options.append(spelling)
                if name != word {
                    options.append(String(word.dropFirst(name.count + 1)))
                } else if let value = rest.popFirst() {
                    options.append(value)
                }
            } else {
                // Help, version and completion scripts; anything else the parser will refuse by name.
                let first = path.isEmpty && word == "-v" ? "--version" : word
                self.init(command: root, arguments: path + [first] + rest.dropFirst(), path: path)
                return
            }
        }
        if let passthrough = node as? any PassthroughCommand.Type {
            rest = Self.closed(rest, valueOptions: passthrough.valueOptions)[...]
        }
        if node.configuration.subcommands.isEmpty {
            self.init(command: node, arguments: options + rest, path: path)
        } else {
            self.init(command: root, arguments: path, path: path)
        }
    }

    private init(command: any ParsableCommand.Type, arguments: [String], path: [String]) {
        self.command = command
        self.arguments = arguments
        self.path = path
    }

    private static func names(of command: any ParsableCommand.Type) -> [String] {
        [command._commandName] + command.configuration.aliases
    }

    /// Puts the end-of-options mark before the first positional argument.
    private static func closed(_ arguments: ArraySlice<String>, valueOptions: Set<String>) -> [String] {
        var index = arguments.startIndex
        while index < arguments.endIndex {
            let word = arguments[index]
            if word == "--" { return Array(arguments) }
            if !word.hasPrefix("-") || word == "-" {
                return arguments[..<index] + ["--"] + arguments[index...]
            }
            // `-dt` is a pack of short flags, whose last one may take a value.
            let isPack = !word.hasPrefix("--") && word.count > 2
            let takesValue = valueOptions.contains(word) || (isPack && valueOptions.contains("-\(word.suffix(1))"))
            index += takesValue ? 2 : 1
        }
        return Array(arguments)
    }
}

/// A group of commands that share an option which stands before the command's word.
protocol OptionGroupCommand: ParsableCommand {
    /// Each spelling, with the one that the commands know.
    static var groupOptions: [String: String] { get }
}
