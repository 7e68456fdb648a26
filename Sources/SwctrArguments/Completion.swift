/// What a shell offers for a value.
public enum CompletionKind {
    /// The values that the type counts; where it does not, names of files.
    case files
    /// What this answers.
    case custom(() -> [String])
}

extension Program {
    /// Everything that the word may be, a line each: the word, and behind a tab what it stands for.
    ///
    /// - Parameter line: the words before it and what there is of it, without the program's name.
    func complete(_ line: [String]) -> Request {
        var rest = line.dropLast()[...]
        let word = line.last ?? ""
        var branch = Branch(root)
        while branch.isGroup, let next = rest.popFirst() {
            if Reader.isOption(next) {
                let (name, attached) = Reader.split(next)
                guard let option = branch.leadingOption(name), option.takesValue, attached == nil else { continue }
                if rest.popFirst() == nil { return values(option, branch, word, after: "") }
            } else if !branch.descend(next) {
                return .completions("", files: false)
            }
        }
        if branch.isGroup { return completeGroup(branch, word) }
        let declarations = Registration.make(branch.type).1.declarations
        var takesOptions = true
        var position = 0
        while let next = rest.popFirst() {
            if !takesOptions || !Reader.isOption(next) {
                position += 1
                if branch.type.configuration.passesArguments { takesOptions = false }
            } else if next == "--" {
                takesOptions = false
            } else if let option = Self.awaiting(next, declarations) {
                if rest.popFirst() == nil { return Self.values(option, word, after: "") }
            }
        }
        if takesOptions, Reader.isOption(word) || word == "-" {
            let (name, value) = Reader.split(word)
            if let value, let option = declarations.first(where: { $0.names.contains(name) }) {
                return Self.values(option, value, after: "\(name)=")
            }
            return Self.answer(Self.options(declarations), word)
        }
        let arguments = declarations.filter { $0.kind == .argument }
        // What is passed on is another program's.
        if branch.type.configuration.passesArguments, position >= arguments.count {
            return .completions("", files: true)
        }
        guard let argument = position < arguments.count ? arguments[position] : arguments.last,
            position < arguments.count || argument.isRepeating
        else { return .completions("", files: false) }
        return Self.values(argument, word, after: "")
    }

    /// The option that takes the next word for its value.
    private static func awaiting(_ word: String, _ declarations: [Declaration]) -> Declaration? {
        if word.hasPrefix("--") {
            return declarations.first { $0.kind == .option && $0.names.contains(word) }
        }
        for (index, letter) in word.dropFirst().enumerated() {
            let declaration = declarations.first { $0.names.contains("-\(letter)") }
            if declaration?.kind == .option { return index == word.count - 2 ? declaration : nil }
        }
        return nil
    }

    private func completeGroup(_ branch: Branch, _ word: String) -> Request {
        if Reader.isOption(word) || word == "-" {
            let (name, value) = Reader.split(word)
            if let value, let option = branch.leadingOption(name) {
                return values(option, branch, value, after: "\(name)=")
            }
            return Self.answer(branch.leadingOptions.map { ($0.name, "") } + [("--help", "Show this help.")], word)
        }
        return Self.answer(
            branch.type.configuration.subcommands.map { ($0.name, $0.type.configuration.abstract) }, word)
    }

    /// Every command of the group declares the option, so the first one can say what its values are.
    private func values(_ option: LeadingOption, _ branch: Branch, _ word: String, after prefix: String) -> Request {
        var type = branch.type
        while let child = type.configuration.subcommands.first { type = child.type }
        let declarations = Registration.make(type).1.declarations
        guard let declaration = declarations.first(where: { $0.names.contains(option.name) }) else {
            return .completions("", files: false)
        }
        return Self.values(declaration, word, after: prefix)
    }

    private static func values(_ declaration: Declaration, _ word: String, after prefix: String) -> Request {
        switch declaration.completion {
        case .custom(let names): return answer(names().map { (prefix + $0, "") }, prefix + word)
        case .files:
            let values = declaration.values()
            if values.isEmpty { return .completions("", files: true) }
            return answer(values.map { (prefix + $0, "") }, prefix + word)
        }
    }

    private static func options(_ declarations: [Declaration]) -> [(String, String)] {
        declarations.flatMap { declaration in declaration.names.map { ($0, declaration.help) } }
            + [("--help", "Show this help.")]
    }

    private static func answer(_ candidates: [(name: String, help: String)], _ word: String) -> Request {
        let lines = candidates.filter { $0.name.hasPrefix(word) }.map {
            $0.help.isEmpty ? $0.name : "\($0.name)\t\($0.help)"
        }
        return .completions(lines.joined(separator: "\n"), files: false)
    }
}
