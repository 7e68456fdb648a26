/// What stands behind a key in a TOML document.
enum TOMLValue: Equatable {
    case text(Text)
    case flag(Bool)
    case number(Int)
    /// A list, a table, a fraction, a time: nothing that this program has a use for.
    case other
}

/// The document is not TOML, or has something that is not read here; `line` counts from 1.
struct TOMLError: Error, Equatable {
    var line: Int
}

/// A reader of the TOML that settings are written in: keys and values, a line each, in tables or not.
///
/// Strings of several lines are not read, and of lists and tables in a line only where they end.
struct TOMLReader {
    private let lines: [Text]
    private var line = 0
    /// The name of the table that the lines belong to, with a dot.
    private var table: Text = ""

    init(_ text: Text) {
        lines = text.split(0x0a)
    }

    /// The next key, with its table's name before it, and its value; nil at the end.
    mutating func next() throws(TOMLError) -> (key: Text, value: TOMLValue)? {
        while line < lines.count {
            let text = lines[line].trimmed
            line += 1
            if text.isEmpty || text.hasPrefix("#") { continue }
            guard text.hasPrefix("[") else { return try member(text) }
            guard let end = text.firstIndex(of: "]") else { throw TOMLError(line: line) }
            let isList = text.hasPrefix("[[")
            table = text.prefix(end).dropFirst(isList ? 2 : 1).trimmed + "."
            try expectEnd(text, end + (isList ? 2 : 1))
        }
        return nil
    }

    private mutating func member(_ text: Text) throws(TOMLError) -> (key: Text, value: TOMLValue) {
        guard let equals = text.firstIndex(of: "=") else { throw TOMLError(line: line) }
        var key = text.prefix(equals).trimmed
        if let quote = key.bytes.first, quote == 0x22 || quote == 0x27 {
            let (name, end) = try string(key, at: 0)
            guard end == key.count else { throw TOMLError(line: line) }
            key = name
        }
        if key.isEmpty { throw TOMLError(line: line) }
        return (table + key, try value(text.dropFirst(equals + 1).trimmed))
    }

    private mutating func value(_ text: Text) throws(TOMLError) -> TOMLValue {
        switch text.bytes.first {
        case 0x22, 0x27:
            let (value, end) = try string(text, at: 0)
            try expectEnd(text, end)
            return .text(value)
        case 0x5b, 0x7b:
            try skipList(text)
            return .other
        default:
            let word = Text(text.bytes.prefix { $0 > 0x20 && $0 != 0x23 })
            try expectEnd(text, word.count)
            if word == "true" { return .flag(true) }
            if word == "false" { return .flag(false) }
            if let number = word.decimal { return .number(number) }
            // Whatever else it is begins like a number, or is one that has none (inf, nan).
            guard let first = word.bytes.first, Text("0123456789+-in").bytes.contains(first) else {
                throw TOMLError(line: line)
            }
            return .other
        }
    }

    /// The string whose quote is at `start`, and where it ends.
    private func string(_ text: Text, at start: Int) throws(TOMLError) -> (Text, end: Int) {
        let quotes: Text = text.bytes[start] == 0x22 ? "\"" : "'"
        let isLong = text.firstIndex(of: quotes + quotes + quotes, from: start) == start
        if quotes == "'", !isLong, let end = text.firstIndex(of: quotes, from: start + 1) {
            return (text.prefix(end).dropFirst(start + 1), end + 1)
        }
        if quotes == "\"", !isLong {
            // The same as JSON's, but for escapes that nobody writes.
            var scanner = JSONScanner(text, from: start)
            if let value = try? scanner.string() { return (value, scanner.position) }
        }
        throw TOMLError(line: line)
    }

    /// Passes over what is in brackets, which may take several lines.
    private mutating func skipList(_ first: Text) throws(TOMLError) {
        var text = first
        var position = 0
        var depth = 0
        while true {
            guard position < text.count, text.bytes[position] != 0x23 else {
                guard line < lines.count else { throw TOMLError(line: line) }
                text = lines[line]
                line += 1
                position = 0
                continue
            }
            switch text.bytes[position] {
            case 0x22, 0x27:
                position = try string(text, at: position).end
                continue
            case 0x5b, 0x7b: depth += 1
            case 0x5d, 0x7d: depth -= 1
            default: break
            }
            position += 1
            if depth == 0 {
                try expectEnd(text, position)
                return
            }
        }
    }

    /// Nothing but a remark follows.
    private func expectEnd(_ text: Text, _ position: Int) throws(TOMLError) {
        let rest = text.dropFirst(position).trimmed
        guard position <= text.count, rest.isEmpty || rest.hasPrefix("#") else { throw TOMLError(line: line) }
    }
}
