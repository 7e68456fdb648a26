import Glibc
public import SwctrCore

/// Names of the kernel's capabilities, and which of them this process has.
public enum Capabilities {
    /// In the kernel's order (include/uapi/linux/capability.h): the index is the bit.
    private static let names = [
        "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
        "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
        "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
        "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
        "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF",
        "CHECKPOINT_RESTORE",
    ]

    /// The `CAP_…` names of a capability mask; bits without a name are left out, as runtimes refuse them.
    public static func names(in mask: UInt64) -> [String] {
        names.indices.filter { mask & (1 << UInt64($0)) != 0 }.map { "CAP_\(names[$0])" }
    }

    /// What this process has in effect, from /proc/self/status.
    ///
    /// - Throws: what reading the file failed with.
    public static func current() throws(EngineError) -> [String] {
        let status = try TextFile.read("/proc/self/status", limit: 1 << 16)
        for line in status.split(separator: "\n") where line.hasPrefix("CapEff:") {
            let digits = line.dropFirst("CapEff:".count).drop { $0 == "\t" || $0 == " " }
            if let mask = UInt64(digits, radix: 16) { return names(in: mask) }
        }
        throw EngineError(.internal, subject: "/proc/self/status", message: "has no CapEff line")
    }
}
