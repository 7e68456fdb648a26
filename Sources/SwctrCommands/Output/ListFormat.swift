import SwctrArguments
import SwctrClient
import SwctrCore

/// How a list is printed: `table`, `json`, or a template such as `{{.ID}} {{.Status}}`.
enum ListFormat: ExpressibleByArgument, Equatable {
    case table
    case json
    case template(Template)

    init?(argument: String) {
        switch argument {
        case "table": self = .table
        case "json": self = .json
        default:
            guard let template = Template(argument) else { return nil }
            self = .template(template)
        }
    }

    var defaultValueDescription: String {
        switch self {
        case .table: "table"
        case .json: "json"
        case .template(let template): template.text
        }
    }

    static let help =
        "How to print the list: table, json, or a template such as '{{.ID}} {{json .Labels}}'."
}

/// Text with fields of an object in it, in the part of Go's notation that lists need: `{{.A.B}}`, `{{json .}}`,
/// `{{index .Labels "key"}}`, and `\t` and `\n`.
struct Template: Equatable {
    private enum Part: Equatable {
        case text(String)
        /// A path, printed as text or as JSON.
        case field([String], asJSON: Bool)
    }

    let text: String
    private var parts: [Part] = []

    /// nil for what is no template.
    init?(_ text: String) {
        self.text = text
        var rest = Substring(text)
        var hasField = false
        while !rest.isEmpty {
            guard let open = rest.firstRange(of: "{{") else {
                parts.append(.text(Self.unescaped(rest)))
                break
            }
            if open.lowerBound > rest.startIndex { parts.append(.text(Self.unescaped(rest[..<open.lowerBound]))) }
            rest = rest[open.upperBound...]
            guard let close = rest.firstRange(of: "}}"), let field = Self.field(rest[..<close.lowerBound]) else {
                return nil
            }
            parts.append(field)
            hasField = true
            rest = rest[close.upperBound...]
        }
        if !hasField { return nil }
    }

    private static func field(_ text: Substring) -> Part? {
        var words = text.split(separator: " ")
        let asJSON = words.first == "json"
        if asJSON { words.removeFirst() }
        if words.first == "index", !asJSON, words.count == 3 {
            guard let path = path(words[1]), words[2].count >= 2, words[2].hasPrefix("\""), words[2].hasSuffix("\"")
            else { return nil }
            return .field(path + [String(words[2].dropFirst().dropLast())], asJSON: false)
        }
        guard words.count == 1, let path = path(words[0]) else { return nil }
        return .field(path, asJSON: asJSON)
    }

    private static func path(_ text: Substring) -> [String]? {
        guard text.hasPrefix(".") else { return nil }
        if text == "." { return [] }
        let names = text.dropFirst().split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        return names.allSatisfy({ !$0.isEmpty }) ? names : nil
    }

    private static func unescaped(_ text: Substring) -> String {
        var result = ""
        var rest = text
        while let next = rest.popFirst() {
            if next == "\\", let letter = rest.first, letter == "t" || letter == "n" {
                result += letter == "t" ? "\t" : "\n"
                rest.removeFirst()
            } else {
                result.append(next)
            }
        }
        return result
    }

    /// - Throws: `.invalidArgument` for a field that the object does not have.
    func filled(with object: JSONValue) throws(EngineError) -> String {
        var line = ""
        for part in parts {
            switch part {
            case .text(let text): line += text
            case .field(let path, let asJSON):
                let value = try Self.value(at: path, of: object)
                line += asJSON ? value.compact : value.text ?? value.compact
            }
        }
        return line
    }

    private static func value(at path: [String], of object: JSONValue) throws(EngineError) -> JSONValue {
        var value = object
        for (index, name) in path.enumerated() {
            guard let member = value[name] else {
                // A label that is not there is an empty one; a field that is not there is a mistake.
                if index > 0 { return .string("") }
                guard case .object(let members) = value else { return .null }
                throw EngineError(
                    .invalidArgument, subject: "--format", message: "there is no field .\(name)",
                    hint: "there are \(members.map { "." + $0.name }.joined(separator: ", "))")
            }
            value = member
        }
        return value
    }
}

/// Rows that can be printed in every format.
struct Listing {
    /// The table's titles, and the members that stand in its columns.
    var columns: [(title: String, member: String)]
    var gap = 4
    var rows: [JSONValue]

    func print(_ format: ListFormat) throws(EngineError) {
        switch format {
        case .table:
            var table = Table(columns.map(\.title), gap: gap)
            for row in rows { table.add(columns.map { Self.cell(row[$0.member] ?? .null) }) }
            table.print()
        case .json: emit(JSONValue.array(rows).formatted())
        case .template(let template):
            for row in rows { emit(try template.filled(with: row)) }
        }
    }

    private static func cell(_ value: JSONValue) -> String {
        switch value {
        case .null: return "-"
        case .string(let text): return text.isEmpty ? "-" : text
        case .array(let values): return values.isEmpty ? "-" : values.map(cell).joined(separator: ",")
        case .object(let members):
            return members.isEmpty ? "-" : members.map { "\($0.name)=\(cell($0.value))" }.joined(separator: ",")
        default: return value.compact
        }
    }
}
