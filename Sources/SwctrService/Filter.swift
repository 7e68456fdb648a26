public import SwctrCore

/// containerd's filter language (containerd: pkg/filters), for lists and events.
///
/// `name==web`, `labels."a.b"`, `image~=busybox`, `id!=x`: a field path and perhaps an operator and a value. Commas mean
/// and; several filters mean or; no filter means everything.
public struct Filter: Sendable {
    enum Operator: Sendable, Equatable { case present, equal, notEqual, matches }

    struct Selector: Sendable {
        var path: [String]
        var comparison: Operator
        var value: String
    }

    /// Alternatives, each with selectors that must all hold.
    private let alternatives: [[Selector]]

    /// - Throws: `.invalidArgument` that quotes the filter and says where it went wrong.
    public init(_ texts: [String]) throws(EngineError) {
        var alternatives: [[Selector]] = []
        for text in texts {
            var parser = FilterParser(text)
            alternatives.append(try parser.selectors())
        }
        self.alternatives = alternatives
    }

    /// Whether an object passes.
    ///
    /// - Parameter field: the object's value at a path; nil where it has none.
    public func matches(_ field: ([String]) -> String?) -> Bool {
        alternatives.isEmpty
            || alternatives.contains { selectors in
                selectors.allSatisfy { Self.holds($0, field($0.path)) }
            }
    }

    private static func holds(_ selector: Selector, _ value: String?) -> Bool {
        switch selector.comparison {
        case .present: value != nil
        case .equal: value == selector.value
        case .notEqual: (value ?? "") != selector.value
        // A Regex is not Sendable; the parser has checked that it compiles.
        case .matches: (try? Regex(selector.value)).map { (value ?? "").contains($0) } ?? false
        }
    }

    /// The value of a path that leads into labels: `labels.KEY`, whose key may hold dots.
    public static func label(_ path: [String], of labels: Labels) -> String? {
        guard path.count > 1 else { return nil }
        return labels[path.dropFirst().joined(separator: ".")]
    }
}

/// selector := field ('.' field)* (operator value)?, joined by commas.
private struct FilterParser {
    private let text: String
    private var rest: Substring

    init(_ text: String) {
        self.text = text
        rest = text[...]
    }

    mutating func selectors() throws(EngineError) -> [Filter.Selector] {
        if rest.isEmpty { return [] }
        var selectors = [try selector()]
        while !rest.isEmpty {
            guard take(",") else { throw wrong("expected a comma before \"\(rest)\"") }
            selectors.append(try selector())
        }
        return selectors
    }

    private mutating func selector() throws(EngineError) -> Filter.Selector {
        var path = [try field()]
        while take(".") { path.append(try field()) }
        let comparison: Filter.Operator
        if take("==") {
            comparison = .equal
        } else if take("!=") {
            comparison = .notEqual
        } else if take("~=") {
            comparison = .matches
        } else {
            return Filter.Selector(path: path, comparison: .present, value: "")
        }
        let value = try value(mayQuoteFreely: comparison == .matches)
        if comparison == .matches, (try? Regex(value)) == nil {
            throw wrong("\"\(value)\" is no regular expression")
        }
        return Filter.Selector(path: path, comparison: comparison, value: value)
    }

    private mutating func field() throws(EngineError) -> String {
        if rest.first == "\"" { return try quoted("\"") }
        let name = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
        if name.isEmpty { throw wrong("expected a field name before \"\(rest)\"") }
        rest = rest.dropFirst(name.count)
        return String(name)
    }

    /// Regular expressions may stand between slashes or bars, where nothing needs escaping but the mark itself.
    private mutating func value(mayQuoteFreely: Bool) throws(EngineError) -> String {
        if let mark = rest.first, mark == "\"" || (mayQuoteFreely && (mark == "/" || mark == "|")) {
            return try quoted(mark)
        }
        let value = rest.prefix { $0 != "," && !$0.isWhitespace }
        if value.isEmpty { throw wrong("expected a value at the end") }
        rest = rest.dropFirst(value.count)
        return String(value)
    }

    private mutating func quoted(_ mark: Character) throws(EngineError) -> String {
        rest = rest.dropFirst()
        var value = ""
        while let next = rest.popFirst() {
            if next == mark { return value }
            guard next == "\\" else {
                value.append(next)
                continue
            }
            guard let escaped = rest.popFirst() else { break }
            switch escaped {
            case mark: value.append(escaped)
            case "\\" where mark == "\"": value.append(escaped)
            case "n" where mark == "\"": value.append("\n")
            case "t" where mark == "\"": value.append("\t")
            default: value += "\\\(escaped)"
            }
        }
        throw wrong("a quoted part does not end")
    }

    private mutating func take(_ token: String) -> Bool {
        guard rest.hasPrefix(token) else { return false }
        rest = rest.dropFirst(token.count)
        return true
    }

    private func wrong(_ message: String) -> EngineError {
        EngineError(.invalidArgument, subject: "filter \"\(text.prefix(200))\"", message: message)
    }
}
