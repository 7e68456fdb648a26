public import SwctrCore

/// The part of YAML in which device specifications and class files are written: nested mappings and sequences, plain and
/// quoted scalars, and JSON's notation inside a line. What is beyond it (anchors, tags, block scalars) is refused by its
/// line, never guessed at.
public struct YAMLReader {
    private struct Line {
        var indent: Int
        var text: Substring
        var number: Int
    }

    private let name: String
    private var lines: [Line] = []
    private var position = 0

    /// Deeper documents would cost our stack.
    private static let maximumDepth = 64

    /// Reads a document; JSON is one too.
    ///
    /// - Parameter name: of the file, for messages.
    /// - Throws: `.invalidArgument` that names the line.
    public static func read(_ text: String, name: String) throws(EngineError) -> JSONDocument {
        var reader = YAMLReader(name: name)
        try reader.split(text)
        guard let first = reader.lines.first else { return .null }
        if first.text.hasPrefix("{") || first.text.hasPrefix("[") {
            // A document in JSON's notation may stretch over lines.
            var flow = FlowReader(text: Substring(reader.lines.map { String($0.text) }.joined(separator: "\n")))
            guard let value = flow.value(depth: 0), flow.isAtEnd else {
                throw reader.wrong(first.number, "cannot be read")
            }
            return value
        }
        let value = try reader.block(indent: first.indent, depth: 0)
        if let rest = reader.current { throw reader.wrong(rest.number, "is indented in a way that fits nowhere") }
        return value
    }

    private init(name: String) { self.name = name }

    private mutating func split(_ text: String) throws(EngineError) {
        // To Swift, CR and LF are one character together.
        let lines = text.replacing("\r\n", with: "\n").split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let content = line.drop { $0 == " " }
            if content.hasPrefix("\t") { throw wrong(index + 1, "is indented by a tab") }
            let trimmed = Self.withoutComment(content)
            if trimmed.isEmpty || (trimmed == "---" && self.lines.isEmpty) { continue }
            if trimmed == "---" || trimmed == "..." { throw wrong(index + 1, "begins another document") }
            self.lines.append(Line(indent: line.count - content.count, text: trimmed, number: index + 1))
        }
    }

    private static func withoutComment(_ text: Substring) -> Substring {
        var quote: Character?
        var previous: Character = " "
        for (index, character) in zip(text.indices, text) {
            if let open = quote {
                if character == open, !(open == "\"" && previous == "\\") { quote = nil }
            } else if (character == "\"" || character == "'"), " [{,:-".contains(previous) {
                quote = character
            } else if character == "#", previous == " " {
                return trimmed(text[..<index])
            }
            previous = character
        }
        return trimmed(text)
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while text.last == " " { text = text.dropLast() }
        return text
    }

    private var current: Line? { position < lines.count ? lines[position] : nil }

    private mutating func block(indent: Int, depth: Int) throws(EngineError) -> JSONDocument {
        guard let line = current else { return .null }
        if depth > Self.maximumDepth { throw wrong(line.number, "is nested too deeply") }
        if line.text == "-" || line.text.hasPrefix("- ") { return try sequence(indent: indent, depth: depth) }
        if Self.key(of: line.text) != nil { return try mapping(indent: indent, depth: depth) }
        position += 1
        return try scalar(line.text, line.number)
    }

    private mutating func sequence(indent: Int, depth: Int) throws(EngineError) -> JSONDocument {
        var values: [JSONDocument] = []
        while let line = current, line.indent == indent, line.text == "-" || line.text.hasPrefix("- ") {
            let rest = line.text.dropFirst().drop { $0 == " " }
            if rest.isEmpty {
                position += 1
                values.append(try nested(below: indent, depth: depth))
            } else {
                // What follows the dash stands as if on a line of its own, indented to where it is.
                lines[position] = Line(
                    indent: indent + line.text.count - rest.count, text: rest, number: line.number)
                values.append(try block(indent: lines[position].indent, depth: depth + 1))
            }
        }
        return .array(values)
    }

    private mutating func mapping(indent: Int, depth: Int) throws(EngineError) -> JSONDocument {
        var members: [String: JSONDocument] = [:]
        while let line = current, line.indent == indent, let (name, rest) = Self.key(of: line.text) {
            position += 1
            if members[name] != nil { throw wrong(line.number, "names \"\(name)\" a second time") }
            if !rest.isEmpty {
                members[name] = try scalar(rest, line.number)
            } else if let next = current, next.indent == indent, next.text == "-" || next.text.hasPrefix("- ") {
                members[name] = try sequence(indent: indent, depth: depth + 1)
            } else {
                members[name] = try nested(below: indent, depth: depth)
            }
        }
        if let line = current, line.indent > indent { throw wrong(line.number, "is indented too far") }
        return .object(members)
    }

    private mutating func nested(below indent: Int, depth: Int) throws(EngineError) -> JSONDocument {
        guard let next = current, next.indent > indent else { return .null }
        return try block(indent: next.indent, depth: depth + 1)
    }

    /// `key:` or `key: rest`; nil for anything else.
    private static func key(of text: Substring) -> (String, Substring)? {
        if let mark = text.first, mark == "\"" || mark == "'" {
            guard let end = text.dropFirst().firstIndex(of: mark) else { return nil }
            let rest = text[text.index(after: end)...]
            guard rest.first == ":" else { return nil }
            return (String(text[text.index(after: text.startIndex)..<end]), rest.dropFirst().drop { $0 == " " })
        }
        if let first = text.first, "[{".contains(first) { return nil }
        var index = text.startIndex
        while let colon = text[index...].firstIndex(of: ":") {
            let after = text.index(after: colon)
            if after == text.endIndex || text[after] == " " {
                return (String(trimmed(text[..<colon])), text[after...].drop { $0 == " " })
            }
            index = after
        }
        return nil
    }

    private func scalar(_ text: Substring, _ number: Int) throws(EngineError) -> JSONDocument {
        guard let first = text.first else { return .null }
        if "&*!|>%@`".contains(first) { throw wrong(number, "uses \"\(first)\", which is not understood here") }
        guard "\"'[{".contains(first) else { return FlowReader.plain(text) }
        var flow = FlowReader(text: text)
        guard let value = flow.value(depth: 0), flow.isAtEnd else { throw wrong(number, "cannot be read") }
        return value
    }

    private func wrong(_ number: Int, _ message: String) -> EngineError {
        EngineError(.invalidArgument, subject: "\(name), line \(number)", message: message)
    }
}

/// JSON's notation, with plain scalars and single quotes as YAML allows them in it.
private struct FlowReader {
    private var rest: Substring

    init(text: Substring) { rest = text }

    var isAtEnd: Bool { rest.allSatisfy { $0.isWhitespace } }

    mutating func value(depth: Int) -> JSONDocument? {
        skipSpace()
        guard depth < 64, let first = rest.first else { return nil }
        switch first {
        case "[": return list(depth)
        case "{": return object(depth)
        case "\"", "'": return quoted().map { .string($0) }
        default:
            let text = rest.prefix { !",]}\n".contains($0) }
            if text.isEmpty { return nil }
            rest = rest.dropFirst(text.count)
            return Self.plain(text)
        }
    }

    private mutating func list(_ depth: Int) -> JSONDocument? {
        rest.removeFirst()
        var values: [JSONDocument] = []
        while true {
            skipSpace()
            if take("]") { return .array(values) }
            guard let next = value(depth: depth + 1) else { return nil }
            values.append(next)
            skipSpace()
            if !take(",") && rest.first != "]" { return nil }
        }
    }

    private mutating func object(_ depth: Int) -> JSONDocument? {
        rest.removeFirst()
        var members: [String: JSONDocument] = [:]
        while true {
            skipSpace()
            if take("}") { return .object(members) }
            let name: String?
            if let first = rest.first, first == "\"" || first == "'" {
                name = quoted()
            } else {
                let text = rest.prefix { !":,}\n".contains($0) }
                rest = rest.dropFirst(text.count)
                name = text.isEmpty ? nil : String(text)
            }
            skipSpace()
            guard let name, take(":"), let member = value(depth: depth + 1) else { return nil }
            members[name] = member
            skipSpace()
            if !take(",") && rest.first != "}" { return nil }
        }
    }

    private mutating func quoted() -> String? {
        let mark = rest.removeFirst()
        var text = ""
        while let next = rest.popFirst() {
            if next == mark {
                guard mark == "'", rest.first == "'" else { return text }
                rest.removeFirst()
                text.append("'")
            } else if next == "\\", mark == "\"" {
                guard let escaped = escape() else { return nil }
                text.unicodeScalars.append(escaped)
            } else {
                text.append(next)
            }
        }
        return nil
    }

    private mutating func escape() -> Unicode.Scalar? {
        guard let letter = rest.popFirst() else { return nil }
        switch letter {
        case "n": return "\n"
        case "t": return "\t"
        case "r": return "\r"
        case "0": return "\0"
        case "\"", "\\", "/": return letter.unicodeScalars.first
        case "u":
            let digits = rest.prefix(4)
            rest = rest.dropFirst(4)
            return digits.count == 4 ? UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init) : nil
        default: return nil
        }
    }

    private mutating func take(_ mark: Character) -> Bool {
        guard rest.first == mark else { return false }
        rest.removeFirst()
        return true
    }

    private mutating func skipSpace() { rest = rest.drop { $0.isWhitespace } }

    static func plain(_ raw: Substring) -> JSONDocument {
        var text = raw
        while text.last?.isWhitespace == true { text = text.dropLast() }
        switch text {
        case "null", "~", "": return .null
        case "true", "True": return .bool(true)
        case "false", "False": return .bool(false)
        default: break
        }
        if let number = Int64(text), !text.hasPrefix("+") { return .integer(number) }
        if text.hasPrefix("0x"), let number = Int64(text.dropFirst(2), radix: 16) { return .integer(number) }
        if let first = text.first, first.isNumber || first == "-", text.contains("."), let number = Double(text) {
            return .number(number)
        }
        return .string(String(text))
    }
}
