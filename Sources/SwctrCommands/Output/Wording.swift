import Glibc
import SwctrClient
import SwctrCore
import SwiftProtobuf

/// Numbers and lists in the words that ctr uses.
enum Wording {
    /// `1.9 MiB`, `17 B`.
    static func bytes(_ count: Int64) -> String {
        if count < 1024 { return "\(count) B" }
        var value = Double(count) / 1024
        for unit in ["KiB", "MiB", "GiB", "TiB"] {
            if value < 1024 { return "\(oneDecimal(value)) \(unit)" }
            value /= 1024
        }
        return "\(oneDecimal(value)) PiB"
    }

    private static func oneDecimal(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }

    /// How long ago, roughly: `3 seconds`, `About an hour`, `2 days`.
    static func age(seconds: Int64) -> String {
        switch seconds {
        case ..<1: "Less than a second"
        case 1: "1 second"
        case ..<60: "\(seconds) seconds"
        case ..<120: "About a minute"
        case ..<3600: "\(seconds / 60) minutes"
        case ..<5400: "About an hour"
        case ..<172_800: "\((seconds + 1800) / 3600) hours"
        case ..<1_209_600: "\(seconds / 86_400) days"
        case ..<5_184_000: "\(seconds / 604_800) weeks"
        case ..<63_072_000: "\(seconds / 2_592_000) months"
        default: "\(seconds / 31_536_000) years"
        }
    }

    /// Since a moment that the manager named.
    static func age(since moment: Google_Protobuf_Timestamp) -> String {
        age(seconds: Int64(time(nil)) - moment.seconds)
    }

    /// `a=1,b=2`, in order; `-` for none.
    static func labels(_ labels: Labels) -> String {
        if labels.isEmpty { return "-" }
        return labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
    }

    /// `2026-11-21T06:55:49.5Z`.
    static func moment(_ moment: Google_Protobuf_Timestamp) -> String {
        guard let quoted = try? moment.jsonString() else { return "-" }
        return String(quoted.dropFirst().dropLast())
    }

    /// Any message as JSON, its fields named as in its `.proto`.
    static func json(_ message: some Message) -> JSONValue {
        var options = JSONEncodingOptions()
        options.preserveProtoFieldNames = true
        guard let text = try? message.jsonString(options: options),
            let value = try? JSONValue(parsing: Array(text.utf8))
        else { return .null }
        return value
    }

    /// Labels that were typed; an empty value clears one.
    ///
    /// - Throws: `.invalidArgument` for what is no label.
    static func labels(_ texts: [String]) throws(EngineError) -> Labels {
        var labels: Labels = [:]
        for text in texts {
            let (key, value) = LabelRule.parse(text)
            labels[key] = value
        }
        try LabelRule.check(labels)
        return labels
    }
}

/// Bytes as the collection that generated messages hold them in, which has its name in a module that is not for us.
func collection<Bytes: RangeReplaceableCollection<UInt8>>(of bytes: [UInt8]) -> Bytes { Bytes(bytes) }
