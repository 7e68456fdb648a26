import ArgumentParser
import SwctrCore
import SwctrProto

/// `--mount type=bind,src=/srv,dst=/data,options=rbind:ro`, as ctr reads it.
enum MountArgument {
    /// - Throws: `.invalidArgument` that names the field.
    static func parse(_ text: String) throws(EngineError) -> Swctr_V1_SpecMount {
        var mount = Swctr_V1_SpecMount()
        for field in text.split(separator: ",", omittingEmptySubsequences: false) {
            let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2 else {
                throw EngineError(
                    .invalidArgument, subject: "--mount \"\(text)\"",
                    message: "\"\(field)\" is not of the form key=value",
                    hint: "such as type=bind,src=/srv,dst=/data,options=rbind:ro")
            }
            switch parts[0] {
            case "type": mount.type = parts[1]
            case "src", "source": mount.source = parts[1]
            case "dst", "destination": mount.destination = parts[1]
            case "options": mount.options = parts[1].split(separator: ":").map(String.init)
            default:
                throw EngineError(
                    .invalidArgument, subject: "--mount \"\(text)\"",
                    message: "\"\(parts[0])\" is none of type, src, source, dst, destination, options")
            }
        }
        if mount.destination.isEmpty {
            throw EngineError(.invalidArgument, subject: "--mount \"\(text)\"", message: "names no destination (dst=…)")
        }
        return mount
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
}
