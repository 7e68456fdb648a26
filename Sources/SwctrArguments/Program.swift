/// A program and the tree of its commands: from the words of a command line to what they ask for.
public struct Program: Sendable {
    public let name: String
    public let root: any ParsableCommand.Type

    public init(_ name: String, _ root: any ParsableCommand.Type) {
        self.name = name
        self.root = root
    }
}

/// What a command line asks for.
public enum Request {
    /// A command that is to be run; its options and arguments are read and valid.
    case command(any ParsableCommand)
    /// What is to be printed on standard output: help, the version, a completion script.
    case text(String)
    /// What a shell wants to know, and whether it is to offer names of files instead.
    case completions(String, files: Bool)
}

/// A command line that is wrong.
public struct Refusal: Error {
    /// The words of the command that was found, without the program's name.
    public var path: [String]
    public var message: String
    public var hint: String

    init(_ path: [String], _ error: ValidationError, help: String) {
        self.path = path
        // A value that is quoted may have lines of its own.
        message = error.message.split(separator: "\n").joined(separator: "; ")
        hint = error.hint.isEmpty ? "see '\(help) --help'" : error.hint
    }
}

/// A command of the tree, and what was said on the way to it.
struct Branch {
    var type: any ParsableCommand.Type
    /// The command's words, by their first names.
    var path: [String] = []
    /// What was given before the command's words, spelled as the command knows it.
    var leading: [(option: LeadingOption, value: String)] = []
    var leadingOptions: [LeadingOption] = []

    init(_ root: any ParsableCommand.Type) {
        type = root
        leadingOptions = root.configuration.leadingOptions
    }

    var isGroup: Bool { !type.configuration.subcommands.isEmpty }

    /// Steps down to the command of that name.
    ///
    /// - Returns: false where there is none.
    mutating func descend(_ word: String) -> Bool {
        let children = type.configuration.subcommands
        guard let child = children.first(where: { $0.name == word || $0.aliases.contains(word) }) else { return false }
        type = child.type
        path.append(child.name)
        leadingOptions += type.configuration.leadingOptions
        return true
    }

    func leadingOption(_ name: some StringProtocol) -> LeadingOption? {
        leadingOptions.first { $0.name == name || $0.aliases.contains { $0 == name } }
    }
}

extension Program {
    /// - Parameters:
    ///   - line: without the program's name.
    ///   - columns: of the terminal, for help.
    public func request(_ line: [String], columns: Int = 80) throws(Refusal) -> Request {
        if line.first == CompletionScript.request { return complete(Array(line.dropFirst())) }
        var branch = Branch(root)
        do throws(ValidationError) {
            return try request(line, columns, &branch)
        } catch {
            throw Refusal(branch.path, error, help: words(branch.path))
        }
    }

    /// The command that a line asks for.
    ///
    /// - Throws: `Refusal`, also where it asks for help and the like.
    public func command(_ line: [String]) throws(Refusal) -> any ParsableCommand {
        guard case .command(let command) = try request(line) else {
            throw Refusal([], ValidationError("no command is named"), help: name)
        }
        return command
    }

    private func request(
        _ line: [String], _ columns: Int, _ branch: inout Branch
    ) throws(ValidationError) -> Request {
        var rest = line[...]
        while branch.isGroup {
            guard let word = rest.popFirst() else { return .text(help(branch, columns)) }
            if !Reader.isOption(word) {
                if branch.path.isEmpty, word == "help" { return .text(try help(of: rest, columns)) }
                guard branch.descend(word) else { throw unknown(word, branch) }
            } else if let text = try builtIn(word, &rest, branch, columns) {
                return .text(text)
            } else {
                branch.leading.append(try leading(word, &rest, branch))
            }
        }
        let (command, registration) = Registration.make(branch.type)
        var reader = Reader(registration.declarations, passesArguments: branch.type.configuration.passesArguments)
        for (option, value) in branch.leading { try reader.takeLeading(option.name, value) }
        while let word = rest.popFirst() {
            if reader.takesOptions, Reader.isOption(word), let text = try builtIn(word, &rest, branch, columns) {
                return .text(text)
            }
            try reader.take(word, &rest)
        }
        try reader.finish()
        for validate in registration.validations { if let error = validate() { throw error } }
        try command.validate()
        return .command(command)
    }

    /// Help, the version and completion scripts.
    private func builtIn(
        _ word: String, _ rest: inout ArraySlice<String>, _ branch: Branch, _ columns: Int
    ) throws(ValidationError) -> String? {
        if word == "-h" || word == "--help" { return help(branch, columns) }
        guard branch.path.isEmpty else { return nil }
        let version = root.configuration.version
        if word == "-v" || word == "--version", !version.isEmpty { return version }
        let (name, attached) = Reader.split(word)
        guard name == CompletionScript.option else { return nil }
        guard let script = CompletionScript(rawValue: attached ?? rest.popFirst() ?? "") else {
            throw ValidationError("\(name) takes bash, zsh or fish")
        }
        return script.text(program: self.name)
    }

    private func leading(
        _ word: String, _ rest: inout ArraySlice<String>, _ branch: Branch
    ) throws(ValidationError) -> (LeadingOption, String) {
        let (name, attached) = Reader.split(word)
        guard let option = branch.leadingOption(name) else {
            let known = branch.leadingOptions.flatMap { [$0.name] + $0.aliases }
            throw ValidationError(
                "unknown option '\(name)' before the name of a command", hint: Suggestion.hint(name, among: known))
        }
        if !option.takesValue {
            if attached != nil { throw ValidationError("\(name) takes no value") }
            return (option, "")
        }
        guard let value = attached ?? rest.popFirst() else { throw ValidationError("missing value for '\(name)'") }
        return (option, value)
    }

    private func help(of names: ArraySlice<String>, _ columns: Int) throws(ValidationError) -> String {
        var branch = Branch(root)
        for word in names where !branch.descend(word) { throw unknown(word, branch) }
        return help(branch, columns)
    }

    private func unknown(_ word: String, _ branch: Branch) -> ValidationError {
        let known = branch.type.configuration.subcommands.flatMap { [$0.name] + $0.aliases }
        return ValidationError(
            "there is no command \"\(word)\"", hint: Suggestion.hint(word, among: known))
    }

    private func help(_ branch: Branch, _ columns: Int) -> String {
        HelpText(branch.type, words: words(branch.path), isRoot: branch.path.isEmpty).text(columns: columns)
    }

    /// The program's name and those.
    func words(_ path: [String]) -> String { ([name] + path).joined(separator: " ") }
}
