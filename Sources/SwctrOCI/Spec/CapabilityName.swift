public import SwctrCore

/// Names of capabilities as specifications have them: `CAP_CHOWN`.
public enum CapabilityName {
    /// - Throws: `.invalidArgument` for a name without the prefix, and for one that Linux does not have.
    public static func check(_ name: String) throws(EngineError) {
        if all.contains(name) { return }
        let subject = "capability \"\(name)\""
        if !name.hasPrefix("CAP_") {
            throw EngineError(
                .invalidArgument, subject: subject, message: "must begin with CAP_",
                hint: all.contains("CAP_\(name.uppercased())") ? "write CAP_\(name.uppercased())" : "")
        }
        throw EngineError(.invalidArgument, subject: subject, message: "is no capability of Linux")
    }

    /// Those of Linux 5.9, the last version to add any.
    private static let all: Set<String> = [
        "CAP_AUDIT_CONTROL", "CAP_AUDIT_READ", "CAP_AUDIT_WRITE", "CAP_BLOCK_SUSPEND", "CAP_BPF",
        "CAP_CHECKPOINT_RESTORE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID",
        "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_KILL", "CAP_LEASE", "CAP_LINUX_IMMUTABLE", "CAP_MAC_ADMIN",
        "CAP_MAC_OVERRIDE", "CAP_MKNOD", "CAP_NET_ADMIN", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_RAW",
        "CAP_PERFMON", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYSLOG", "CAP_SYS_ADMIN",
        "CAP_SYS_BOOT", "CAP_SYS_CHROOT", "CAP_SYS_MODULE", "CAP_SYS_NICE", "CAP_SYS_PACCT", "CAP_SYS_PTRACE",
        "CAP_SYS_RAWIO", "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_WAKE_ALARM",
    ]
}
