/// A name that passed containerd's identifier rule: 1 to 76 characters, runs of ASCII letters and digits joined by
/// single `.`, `_` or `-` (containerd: pkg/identifiers).
public protocol Identifier: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// What such a name is called in messages: "container id", "namespace", …
    static var kind: String { get }
    /// The name itself.
    var rawValue: String { get }
    /// Wraps a name that was checked already.
    init(checked rawValue: String)
}

extension Identifier {
    /// Checks `text` against the rule.
    ///
    /// - Throws: `.invalidArgument` that quotes the name and says which part of the rule it breaks.
    public init(_ text: String) throws(EngineError) {
        if let reason = IdentifierRule.violation(of: text) {
            throw EngineError(.invalidArgument, subject: "\(Self.kind) \"\(text)\"", message: reason)
        }
        self.init(checked: text)
    }

    public var description: String { rawValue }
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// The rule itself, apart from the types that carry it.
public enum IdentifierRule {
    /// The longest identifier, in bytes.
    public static let maximumLength = 76

    /// Why `text` is no identifier, or nil if it is one.
    public static func violation(of text: String) -> String? {
        let bytes = text.utf8
        if bytes.isEmpty { return "must not be empty" }
        if bytes.count > maximumLength {
            return "is too long: \(bytes.count) characters, at most \(maximumLength) are allowed"
        }
        var joined = true
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                joined = false
            case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                if joined { return shape }
                joined = true
            default:
                return shape
            }
        }
        return joined ? shape : nil
    }

    private static let shape =
        "must match [A-Za-z0-9]+([._-][A-Za-z0-9]+)*: letters and digits, joined by single '.', '_' or '-'"
}

/// Names a container, and its task, within a namespace.
public struct ContainerID: Identifier {
    public static let kind = "container id"
    public let rawValue: String
    public init(checked rawValue: String) { self.rawValue = rawValue }
}

/// Names one further process of a task.
public struct ExecID: Identifier {
    public static let kind = "exec id"
    public let rawValue: String
    public init(checked rawValue: String) { self.rawValue = rawValue }
}

/// A tenant: everything but content blobs on disk is scoped by it. Not a kernel namespace.
public struct Namespace: Identifier {
    public static let kind = "namespace"
    public let rawValue: String
    public init(checked rawValue: String) { self.rawValue = rawValue }

    /// Where calls go that name none.
    public static let `default` = Namespace(checked: "default")
}
