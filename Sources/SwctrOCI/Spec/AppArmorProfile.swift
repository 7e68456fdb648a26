public import SwctrCore

/// The AppArmor profile of `--apparmor-default-profile`.
public enum AppArmorProfile {
    /// A profile of this name: everything is allowed but mounting, and writing to the kernel's files that concern the
    /// whole host; signals and tracing stay among its own.
    ///
    /// - Throws: `.invalidArgument` for a name that would be more than a name in the text.
    public static func text(named name: String) throws(EngineError) -> String {
        let isSound = name.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || [45, 46, 95].contains(byte)
        }
        guard isSound, !name.isEmpty, name.utf8.count <= 128 else {
            throw EngineError(
                .invalidArgument, subject: "apparmor profile \"\(name)\"",
                message: "must be made of letters, digits, '.', '_' and '-', at most 128 of them")
        }
        return """
            #include <tunables/global>

            profile \(name) flags=(attach_disconnected,mediate_deleted) {
              #include <abstractions/base>

              network,
              capability,
              file,
              umount,

              signal (receive) peer=unconfined,
              signal (send,receive) peer=\(name),
              ptrace (trace,read,tracedby,readby) peer=\(name),

              deny mount,

              deny @{PROC}/sys/** w,
              deny @{PROC}/sysrq-trigger rwklx,
              deny @{PROC}/kcore rwklx,
              deny @{PROC}/mem rwklx,
              deny @{PROC}/kmem rwklx,

              deny /sys/[^f]*/** wklx,
              deny /sys/f[^s]*/** wklx,
              deny /sys/fs/[^c]*/** wklx,
              deny /sys/fs/c[^g]*/** wklx,
              deny /sys/firmware/** rwklx,
              deny /sys/kernel/security/** rwklx,
            }

            """
    }
}
