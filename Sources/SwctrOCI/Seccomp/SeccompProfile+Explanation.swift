public import SwctrCore

extension SeccompProfile {
    /// What the profile says about one system call, rule by rule.
    public struct Explanation: Hashable, Sendable {
        /// One rule about the call.
        public struct Line: Hashable, Sendable {
            public var action: String
            public var errno: UInt32?
            /// What the arguments must be, as `arg0 & 0x7e020000 == 0x0`; empty for any.
            public var arguments: String
            /// Why it does not hold; nil where it does.
            public var obstacle: String?
        }

        public var lines: [Line]
        /// What happens where no rule holds.
        public var defaultAction: String
        public var defaultErrno: UInt32?
    }

    /// - Throws: `.invalidArgument` for a profile that cannot be used.
    public func explanation(
        of name: String, capabilities: Set<String>, on host: Host
    ) throws(EngineError) -> Explanation {
        _ = try resolved(capabilities: capabilities, on: host)
        var lines: [Explanation.Line] = []
        for rule in syscalls ?? [] where rule.allNames.contains(name) {
            lines.append(
                Explanation.Line(
                    action: rule.action, errno: rule.errnoRet,
                    arguments: (rule.args ?? []).map(Self.text).joined(separator: " and "),
                    obstacle: try rule.obstacle(capabilities, host)))
        }
        return Explanation(lines: lines, defaultAction: defaultAction, defaultErrno: defaultErrnoRet)
    }

    private static func text(_ argument: Linux.Seccomp.Argument) -> String {
        func hex(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }
        let name = "arg\(argument.index)"
        return switch argument.op {
        case "SCMP_CMP_NE": "\(name) != \(hex(argument.value))"
        case "SCMP_CMP_LT": "\(name) < \(hex(argument.value))"
        case "SCMP_CMP_LE": "\(name) <= \(hex(argument.value))"
        case "SCMP_CMP_EQ": "\(name) == \(hex(argument.value))"
        case "SCMP_CMP_GE": "\(name) >= \(hex(argument.value))"
        case "SCMP_CMP_GT": "\(name) > \(hex(argument.value))"
        case "SCMP_CMP_MASKED_EQ": "\(name) & \(hex(argument.value)) == \(hex(argument.valueTwo ?? 0))"
        case let other: "\(name) \(other) \(hex(argument.value))"
        }
    }
}
