/// Reads the words of one command, one after the other, into what it declares.
struct Reader {
    private let declarations: [Declaration]
    private let passesArguments: Bool
    /// How often each was given, in the declarations' order.
    private var counts: [Int]
    private var positionals: [String] = []
    /// Whether a word that begins with a dash is an option still.
    private(set) var takesOptions = true

    init(_ declarations: [Declaration], passesArguments: Bool) {
        self.declarations = declarations
        self.passesArguments = passesArguments
        counts = Array(repeating: 0, count: declarations.count)
    }

    static func isOption(_ word: String) -> Bool { word.utf8.first == UInt8(ascii: "-") && word != "-" }

    /// The name and the value of `--name=value`.
    static func split(_ word: String) -> (name: String, value: String?) {
        guard let equals = word.utf8.firstIndex(of: UInt8(ascii: "=")) else { return (word, nil) }
        return (String(word[..<equals]), String(word[word.utf8.index(after: equals)...]))
    }

    func index(_ name: String) -> Int? { declarations.firstIndex { $0.names.contains(name) } }

    /// An option that stood before the command's words: one after them is another, and holds instead.
    mutating func takeLeading(_ name: String, _ value: String) throws(ValidationError) {
        guard let index = index(name) else { throw unknown(name) }
        try keep(value, index)
        if !declarations[index].isRepeating { counts[index] = 0 }
    }

    /// - Parameter rest: what follows, of which an option takes its value.
    mutating func take(_ word: String, _ rest: inout ArraySlice<String>) throws(ValidationError) {
        if !takesOptions || !Self.isOption(word) {
            positionals.append(word)
            if passesArguments { takesOptions = false }
        } else if word == "--" {
            takesOptions = false
        } else if word.hasPrefix("--") {
            let (name, attached) = Self.split(word)
            guard let index = index(name) else { throw unknown(name) }
            try takeOption(name, index, attached, &rest)
        } else {
            try takePack(word, &rest)
        }
    }

    /// Short options in one word: flags, of which the last may be an option with its value behind it.
    private mutating func takePack(_ word: String, _ rest: inout ArraySlice<String>) throws(ValidationError) {
        var letters = word.dropFirst()
        while let letter = letters.popFirst() {
            let name = "-\(letter)"
            guard let index = index(name) else {
                throw word.count > 2 ? unknown(word, letter: name) : unknown(name)
            }
            if declarations[index].kind == .option {
                if letters.first == "=" {
                    letters.removeFirst()
                } else if letters.isEmpty {
                    return try takeOption(name, index, nil, &rest)
                }
                return try takeOption(name, index, String(letters), &rest)
            }
            if letters.first == "=" { throw ValidationError("\(name) takes no value") }
            try keep("", index)
        }
    }

    private mutating func takeOption(
        _ name: String, _ index: Int, _ attached: String?, _ rest: inout ArraySlice<String>
    ) throws(ValidationError) {
        let declaration = declarations[index]
        if declaration.kind == .flag {
            if attached != nil { throw ValidationError("\(name) takes no value") }
            return try keep("", index)
        }
        if let attached { return try keep(attached, index) }
        guard let value = rest.first else { throw ValidationError("missing value for '\(declaration.title)'") }
        if !declaration.takesDashes, Self.isOption(value) {
            let example = name.utf8.count > 2 ? "\(name)=\(value)" : "\(name)\(value)"
            throw ValidationError(
                "missing value for '\(declaration.title)'", hint: "if '\(value)' is the value, write \(example)")
        }
        rest.removeFirst()
        try keep(value, index)
    }

    private mutating func keep(_ text: String, _ index: Int) throws(ValidationError) {
        let declaration = declarations[index]
        counts[index] += 1
        if counts[index] > 1, !declaration.isRepeating {
            throw ValidationError("'\(declaration.title)' is given more than once")
        }
        if declaration.take(text) { return }
        let values = declaration.values()
        if text.isEmpty, values.isEmpty { throw ValidationError("'\(declaration.title)' is given an empty value") }
        throw ValidationError(
            "'\(text)' is not a value of '\(declaration.title)'",
            hint: values.isEmpty ? "" : "it is one of \(values.joined(separator: ", "))")
    }

    /// Gives the arguments their values when all words are there, and looks for what is missing.
    mutating func finish() throws(ValidationError) {
        var rest = positionals[...]
        for index in declarations.indices where declarations[index].kind == .argument {
            if declarations[index].isRepeating {
                while let word = rest.popFirst() { try keep(word, index) }
            } else if let word = rest.popFirst() {
                try keep(word, index)
            }
        }
        if let word = rest.first { throw ValidationError("unexpected argument '\(word)'") }
        for index in declarations.indices where declarations[index].isRequired && counts[index] == 0 {
            let kind = declarations[index].kind == .argument ? "argument" : "option"
            throw ValidationError("missing expected \(kind) '\(declarations[index].title)'")
        }
    }

    private func unknown(_ name: String, letter: String? = nil) -> ValidationError {
        let known = declarations.flatMap(\.names) + ["--help"]
        let hint = Suggestion.hint(letter == nil ? name : "-\(name)", among: known)
        if let letter { return ValidationError("unknown option '\(letter)' in '\(name)'", hint: hint) }
        return ValidationError("unknown option '\(name)'", hint: hint)
    }
}
