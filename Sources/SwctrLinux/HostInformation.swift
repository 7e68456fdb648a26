import Glibc

/// What machine and kernel we are on.
public struct HostInformation: Sendable {
    /// Which cgroup hierarchies the host has.
    public enum CgroupMode: String, Sendable {
        case v1, v2
        /// Version 1 controllers, and an empty version 2 tree beside them.
        case hybrid
    }

    /// `6.1.0-…`.
    public let kernel: String
    /// As uname says: "x86_64", "aarch64".
    public let machine: String
    /// `Debian GNU/Linux 12 (bookworm)`, from os-release; empty where there is none.
    public let operatingSystem: String
    public let processors: Int
    /// Bytes of main memory.
    public let memory: UInt64
    public let cgroups: CgroupMode

    /// Asks the kernel; what it does not tell stays empty.
    public init() {
        var name = utsname()
        uname(&name)
        kernel = Self.text(name.release)
        machine = Self.text(name.machine)
        operatingSystem = Self.prettyName()
        processors = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        memory = UInt64(max(0, sysconf(Int32(_SC_PHYS_PAGES)))) * UInt64(max(0, sysconf(Int32(_SC_PAGESIZE))))
        cgroups = Self.cgroupMode()
    }

    private static func text<Field>(_ field: Field) -> String {
        withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    private static func prettyName() -> String {
        for path in ["/etc/os-release", "/usr/lib/os-release"] {
            guard let text = try? TextFile.read(path, limit: 1 << 16) else { continue }
            for line in text.split(separator: "\n") where line.hasPrefix("PRETTY_NAME=") {
                return String(line.dropFirst("PRETTY_NAME=".count)).filter { $0 != "\"" }
            }
        }
        return ""
    }

    private static func cgroupMode() -> CgroupMode {
        // The root of a version 2 tree, and only that, has this file.
        if access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0 { return .v2 }
        return access("/sys/fs/cgroup/unified/cgroup.controllers", F_OK) == 0 ? .hybrid : .v1
    }
}
