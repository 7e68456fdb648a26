import SwctrArguments
import SwctrCore
import SwctrProto

/// `--mount type=bind,src=/srv,dst=/data,options=rbind:ro`, as ctr reads it.
enum MountArgument {
    /// - Throws: `.invalidArgument` that names the field.
    static func parse(_ text: String) throws(EngineError) -> Swctr_V1_SpecMount {
        var mount = Swctr_V1_SpecMount()
        for field in try fields(text) {
            let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2 else {
                throw wrong(
                    text, "\"\(field)\" is not of the form key=value",
                    hint: "such as type=bind,src=/srv,dst=/data,options=rbind:ro")
            }
            switch parts[0] {
            case "type": mount.type = parts[1]
            case "src", "source": mount.source = parts[1]
            case "dst", "destination": mount.destination = parts[1]
            case "options": mount.options = parts[1].split(separator: ":").map(String.init)
            default: throw wrong(text, "\"\(parts[0])\" is none of type, src, source, dst, destination, options")
            }
        }
        if mount.destination.isEmpty { throw wrong(text, "names no destination (dst=…)") }
        return mount
    }

    /// A record of comma-separated values: a field in quotes may hold commas, and quotes as two of them.
    private static func fields(_ text: String) throws(EngineError) -> [String] {
        var fields: [String] = []
        var field = ""
        var rest = Substring(text)
        while true {
            if rest.first == "\"" {
                rest.removeFirst()
                while let next = rest.popFirst() {
                    guard next == "\"" else {
                        field.append(next)
                        continue
                    }
                    guard rest.first == "\"" else { break }
                    field.append(rest.removeFirst())
                }
                if let next = rest.first, next != "," { throw wrong(text, "has text after a closing quote") }
            } else {
                field = String(rest.prefix { $0 != "," })
                rest = rest.dropFirst(field.count)
            }
            fields.append(field)
            field = ""
            if rest.isEmpty { return fields }
            rest.removeFirst()
        }
    }

    private static func wrong(_ text: String, _ message: String, hint: String = "") -> EngineError {
        EngineError(.invalidArgument, subject: "--mount \"\(text)\"", message: message, hint: hint)
    }
}

/// A number of bytes, `67108864`; `64k`, `64m` and `1g` count in powers of 1024.
struct ByteCountArgument: ExpressibleByArgument, Equatable {
    var bytes: UInt64

    init?(argument: String) {
        var digits = argument.lowercased()
        var shift: UInt64 = 0
        for (unit, power) in [("k", UInt64(10)), ("m", 20), ("g", 30)] where digits.hasSuffix(unit) {
            digits.removeLast()
            shift = power
            break
        }
        guard let count = UInt64(digits), count <= UInt64(Int64.max) >> shift else { return nil }
        bytes = count << shift
    }

    var defaultValueDescription: String { bytes.description }
}
