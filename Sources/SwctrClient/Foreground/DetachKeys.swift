public import SwctrCore

/// Keys that leave a terminal without ending the process, looked for in what is typed. Plain values, no I/O.
public struct DetachKeys: Equatable, Sendable {
    /// What docker's and podman's users have in their fingers.
    public static let standard = "ctrl-p,ctrl-q"

    private let sequence: [UInt8]
    private var matched = 0

    /// Reads `ctrl-p,ctrl-q`, `ctrl-@`, `a,b`; nil for an empty text, which means none.
    ///
    /// - Throws: `.invalidArgument` that quotes the key which is none.
    public init?(_ text: String) throws(EngineError) {
        if text.isEmpty { return nil }
        var sequence: [UInt8] = []
        for key in text.split(separator: ",", omittingEmptySubsequences: false) {
            sequence.append(try Self.byte(key, of: text))
        }
        self.sequence = sequence
    }

    private static func byte(_ key: Substring, of text: String) throws(EngineError) -> UInt8 {
        let bytes = Array(key.utf8)
        if bytes.count == 1, bytes[0] > 0x20, bytes[0] < 0x7f { return bytes[0] }
        if key.lowercased().hasPrefix("ctrl-"), bytes.count == 6 {
            switch bytes[5] {
            case UInt8(ascii: "a")...UInt8(ascii: "z"): return bytes[5] - 0x60
            case UInt8(ascii: "@")...UInt8(ascii: "_"): return bytes[5] - 0x40
            default: break
            }
        }
        throw EngineError(
            .invalidArgument, subject: "detach keys \"\(text)\"",
            message: "\"\(key)\" is neither a character nor ctrl- with one of a-z, @, [, \\, ], ^ and _",
            hint: "such as \(standard)")
    }

    /// Looks at what was typed.
    ///
    /// - Returns: what goes to the process, and whether the sequence was typed. Its beginning is held back until it is
    ///   clear that the rest does not follow.
    public mutating func pass(_ typed: [UInt8]) -> (passed: [UInt8], isComplete: Bool) {
        var passed: [UInt8] = []
        for byte in typed {
            if byte == sequence[matched] {
                matched += 1
                if matched == sequence.count {
                    matched = 0
                    return (passed, true)
                }
                continue
            }
            // What was held back goes on its way, but for an end of it that may still begin the sequence.
            let held = sequence[..<matched] + [byte]
            matched = 0
            var start = held.startIndex
            while start < held.endIndex, !sequence.starts(with: held[start...]) {
                passed.append(held[start])
                start += 1
            }
            matched = held.endIndex - start
        }
        return (passed, false)
    }

    /// What is held back, when nothing more is typed.
    public mutating func rest() -> [UInt8] {
        defer { matched = 0 }
        return Array(sequence[..<matched])
    }
}
