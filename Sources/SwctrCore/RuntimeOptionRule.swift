/// The rule that runc's options go to runc and to nobody else.
///
/// A Kata or gVisor shim fails on options that it cannot decode, after half of a container exists. So the client applies
/// the rule before it connects, and the manager applies it again before it creates anything: it does not trust clients.
public enum RuntimeOptionRule {
    /// The only runtime that takes runc options; compared as a whole, so neither another version nor a path is meant.
    public static let runcRuntime = "io.containerd.runc.v2"

    /// Options of runc that were asked for, by the names that users know them by.
    public struct RuncFlags: Hashable, Sendable {
        /// `--runc-binary`; empty: not given.
        public var binary: String
        /// `--runc-root`; empty: not given.
        public var root: String
        /// `--runc-systemd-cgroup`.
        public var systemdCgroup: Bool
        /// Further fields of `containerd.runc.v1.Options` that are set, by field name: a client of ours has no flags for
        /// them, another may send them.
        public var otherFields: [String]

        public init(binary: String = "", root: String = "", systemdCgroup: Bool = false, otherFields: [String] = []) {
            self.binary = binary
            self.root = root
            self.systemdCgroup = systemdCgroup
            self.otherFields = otherFields
        }

        /// The names of what is set.
        public var names: [String] {
            var names: [String] = []
            if !binary.isEmpty { names.append("--runc-binary") }
            if !root.isEmpty { names.append("--runc-root") }
            if systemdCgroup { names.append("--runc-systemd-cgroup") }
            return names + otherFields
        }
    }

    /// - Parameters:
    ///   - runtime: as the user wrote it.
    ///   - cgroup: the cgroup path that was given; nil or empty where none was.
    /// - Throws: `.invalidArgument` with every problem at once, each naming flag and runtime.
    public static func check(runtime: String, flags: RuncFlags, cgroup: String?) throws(EngineError) {
        var problems: [String] = []
        if runtime != runcRuntime {
            problems += flags.names.map { "\($0) is an option of \(runcRuntime) only" }
        }
        if flags.systemdCgroup, (cgroup ?? "").isEmpty {
            problems.append("--runc-systemd-cgroup needs --cgroup, for example --cgroup machine.slice:swctr:web")
        }
        if problems.isEmpty { return }
        throw EngineError(
            .invalidArgument, subject: "runtime \(runtime)", message: problems.joined(separator: "; "),
            hint: runtime == runcRuntime ? "" : "leave the option out, or use --runtime \(runcRuntime)")
    }
}
