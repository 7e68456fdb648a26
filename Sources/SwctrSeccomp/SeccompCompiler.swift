import CSeccomp
import CSwctrLinux
import Glibc
public import SwctrCore
public import SwctrOCI

/// Compiles filters as the runtime will, so that a bad one is an error before a container exists.
public enum SeccompCompiler {
    /// Whether the library knows a system call of this name on any architecture.
    public static func knows(_ name: String) -> Bool { seccomp_syscall_resolve_name(name) != unknownNumber }

    /// The number of a system call on an architecture; nil where there is none of this name.
    ///
    /// - Parameter architecture: as libseccomp spells it: SCMP_ARCH_X86_64.
    public static func number(of name: String, on architecture: String) -> Int? {
        let token = seccomp_arch_resolve_name(shortName(architecture))
        let number = seccomp_syscall_resolve_name_arch(token, name)
        // Negative numbers stand for calls that exist on other architectures only.
        return token == 0 || number < 0 ? nil : Int(number)
    }

    /// The filter without names that the library does not know: newer ones than this host has, which its kernel would
    /// not have either, and those of foreign architectures.
    public static func pruned(_ filter: Linux.Seccomp) -> Linux.Seccomp {
        var filter = filter
        filter.syscalls = filter.syscalls?.compactMap { call in
            var call = call
            call.names = call.names.filter(knows)
            return call.names.isEmpty ? nil : call
        }
        return filter
    }

    /// Compiles and throws the result away.
    ///
    /// - Returns: how many instructions of the kernel's filter machine it took.
    /// - Throws: `.invalidArgument` that names the rule which is wrong.
    @discardableResult
    public static func compile(_ filter: Linux.Seccomp) throws(EngineError) -> Int {
        let standard = try action(filter.defaultAction, filter.defaultErrnoRet)
        guard let context = seccomp_init(standard) else {
            throw wrong("default action \(filter.defaultAction)", EINVAL)
        }
        defer { seccomp_release(context) }
        try setArchitectures(filter.architectures ?? [], context)
        for call in filter.syscalls ?? [] {
            let verdict = try action(call.action, call.errnoRet)
            // A rule that says what happens anyway: the library refuses it, runtimes leave it out.
            if verdict == standard { continue }
            for name in call.names { try add(name, call, verdict, context) }
        }
        return try export(context)
    }

    private static func setArchitectures(_ names: [String], _ context: scmp_filter_ctx) throws(EngineError) {
        if names.isEmpty { return }
        let native = seccomp_arch_native()
        var wanted: [UInt32] = []
        for name in names {
            let token = seccomp_arch_resolve_name(shortName(name))
            if token == 0 { throw wrong("architecture \(name)", EINVAL) }
            wanted.append(token)
        }
        for token in wanted where token != native {
            let status = seccomp_arch_add(context, token)
            if status != 0 && status != -EEXIST { throw wrong("architecture", -status) }
        }
        if !wanted.contains(native) { _ = seccomp_arch_remove(context, native) }
    }

    private static func add(
        _ name: String, _ call: Linux.Seccomp.Syscall, _ verdict: UInt32, _ context: scmp_filter_ctx
    ) throws(EngineError) {
        let number = seccomp_syscall_resolve_name(name)
        if number == unknownNumber { return }
        var comparisons: [scmp_arg_cmp] = []
        for argument in call.args ?? [] { comparisons.append(try comparison(argument, name)) }
        // Several conditions on one argument are alternatives; on several they must all hold.
        let isDistinct = Set(comparisons.map(\.arg)).count == comparisons.count
        for group in isDistinct ? [comparisons] : comparisons.map({ [$0] }) {
            let status = seccomp_rule_add_array(context, verdict, number, UInt32(group.count), group)
            if status != 0 && status != -EEXIST { throw wrong("rule for \(name)", -status) }
        }
    }

    private static func comparison(
        _ argument: Linux.Seccomp.Argument, _ name: String
    ) throws(EngineError) -> scmp_arg_cmp {
        let operators: [String: scmp_compare] = [
            "SCMP_CMP_NE": SCMP_CMP_NE, "SCMP_CMP_LT": SCMP_CMP_LT, "SCMP_CMP_LE": SCMP_CMP_LE,
            "SCMP_CMP_EQ": SCMP_CMP_EQ, "SCMP_CMP_GE": SCMP_CMP_GE, "SCMP_CMP_GT": SCMP_CMP_GT,
            "SCMP_CMP_MASKED_EQ": SCMP_CMP_MASKED_EQ,
        ]
        guard let op = operators[argument.op] else {
            throw EngineError(
                .invalidArgument, subject: "seccomp profile",
                message:
                    "comparison \"\(argument.op)\" of \(name) is none of \(operators.keys.sorted().joined(separator: ", "))"
            )
        }
        return scmp_arg_cmp(
            arg: argument.index, op: op, datum_a: argument.value, datum_b: argument.valueTwo ?? 0)
    }

    /// The number behind an action's name (seccomp.h: macros that Swift does not see).
    private static func action(_ name: String, _ errno: UInt32?) throws(EngineError) -> UInt32 {
        let value = errno ?? UInt32(EPERM)
        if value > 0xffff { throw wrong("errno \(value) of \(name)", EINVAL) }
        switch name {
        case "SCMP_ACT_KILL", "SCMP_ACT_KILL_THREAD": return 0
        case "SCMP_ACT_KILL_PROCESS": return 0x8000_0000
        case "SCMP_ACT_TRAP": return 0x0003_0000
        case "SCMP_ACT_ERRNO": return 0x0005_0000 | value
        case "SCMP_ACT_TRACE": return 0x7ff0_0000 | value
        case "SCMP_ACT_LOG": return 0x7ffc_0000
        case "SCMP_ACT_ALLOW": return 0x7fff_0000
        case "SCMP_ACT_NOTIFY": return 0x7fc0_0000
        default: throw wrong("action \(name)", EINVAL)
        }
    }

    /// Into a file in memory: its length is the filter's.
    private static func export(_ context: scmp_filter_ctx) throws(EngineError) -> Int {
        let file = swctr_memory_file(nil, 0)
        if file < 0 { throw wrong("memory file", errno) }
        defer { close(file) }
        let status = seccomp_export_bpf(context, file)
        if status != 0 { throw wrong("filter", -status) }
        return Int(lseek(file, 0, SEEK_END)) / instructionSize
    }

    private static let instructionSize = 8
    private static let unknownNumber: Int32 = -1

    /// `x86_64` for `SCMP_ARCH_X86_64`: the library's functions leave the prefix out.
    private static func shortName(_ architecture: String) -> String {
        let prefix = "SCMP_ARCH_"
        return (architecture.hasPrefix(prefix) ? String(architecture.dropFirst(prefix.count)) : architecture)
            .lowercased()
    }

    private static func wrong(_ what: String, _ number: Int32) -> EngineError {
        EngineError(
            .invalidArgument, subject: "seccomp profile",
            message: "\(what) does not compile: \(String(cString: strerror(number)))")
    }
}
