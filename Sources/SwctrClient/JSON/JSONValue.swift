/// A JSON document, with the order of its members and the spelling of its numbers kept: what is read and printed again
/// is the same document. Enough for a client that shows documents, and small, because Foundation is not on its path.
public indirect enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    /// As it is spelled.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([Member])

    /// One member of an object.
    public struct Member: Equatable, Sendable {
        public var name: String
        public var value: JSONValue
        public init(_ name: String, _ value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    /// What a string says; nil for anything else.
    public var text: String? {
        guard case .string(let value) = self else { return nil }
        return value
    }

    /// A member of an object by its name; nil for anything else.
    public subscript(_ name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    public static func integer(_ value: some BinaryInteger) -> JSONValue { .number("\(value)") }

    /// String members in the order of their names.
    public static func strings(_ values: [String: String]) -> JSONValue {
        .object(values.sorted { $0.key < $1.key }.map { Member($0.key, .string($0.value)) })
    }

    /// The document as people read it: a member a line, indented.
    ///
    /// - Parameter indent: of one level.
    public func formatted(indent: String = "    ") -> String {
        var text = ""
        write(to: &text, indent: indent, level: 0)
        return text
    }

    /// The document on one line.
    public var compact: String {
        var text = ""
        write(to: &text, indent: nil, level: 0)
        return text
    }

    private func write(to text: inout String, indent: String?, level: Int) {
        func newLine(_ level: Int) {
            guard let indent else { return }
            text += "\n"
            for _ in 0..<level { text += indent }
        }
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .number(let spelling): text += spelling
        case .string(let value): Self.quote(value, into: &text)
        case .array(let values):
            if values.isEmpty {
                text += "[]"
                return
            }
            text += "["
            for (index, value) in values.enumerated() {
                if index > 0 { text += "," }
                newLine(level + 1)
                value.write(to: &text, indent: indent, level: level + 1)
            }
            newLine(level)
            text += "]"
        case .object(let members):
            if members.isEmpty {
                text += "{}"
                return
            }
            text += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { text += "," }
                newLine(level + 1)
                Self.quote(member.name, into: &text)
                text += indent == nil ? ":" : ": "
                member.value.write(to: &text, indent: indent, level: level + 1)
            }
            newLine(level)
            text += "}"
        }
    }

    private static func quote(_ value: String, into text: inout String) {
        text += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            // Control characters must be escaped; DEL need not, but a terminal should not see it either.
            case _ where scalar.value < 0x20 || scalar.value == 0x7f:
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
