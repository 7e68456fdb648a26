/// Key-value pairs that users and the engine put on objects.
public typealias Labels = [String: String]

/// containerd's rule for labels: a key must not be empty, and key and value together hold at most 4096 bytes.
public enum LabelRule {
    /// The most that key and value may hold together, in bytes.
    public static let maximumLength = 4096

    /// - Throws: `.invalidArgument` that names the key.
    public static func check(_ labels: Labels) throws(EngineError) {
        for (key, value) in labels {
            if key.isEmpty { throw EngineError(.invalidArgument, subject: "label", message: "key must not be empty") }
            let length = key.utf8.count + value.utf8.count
            if length > maximumLength {
                throw EngineError(
                    .invalidArgument, subject: "label \"\(key.prefix(64))\"",
                    message: "key and value hold \(length) bytes, at most \(maximumLength) are allowed")
            }
        }
    }

    /// Reads `key=value`; a bare `key` means `key=true`, as in ctr.
    public static func parse(_ text: String) -> (key: String, value: String) {
        guard let split = text.firstIndex(of: "=") else { return (text, "true") }
        return (String(text[..<split]), String(text[text.index(after: split)...]))
    }
}
