/// The Linux part of the specification (config-linux.md).
public struct Linux: Codable, Hashable, Sendable {
    public var namespaces: [LinuxNamespace]
    public var devices: [Device]?
    public var cgroupsPath: String?
    public var resources: Resources?
    public var maskedPaths: [String]?
    public var readonlyPaths: [String]?
    public var rootfsPropagation: String?

    public init(namespaces: [LinuxNamespace]) { self.namespaces = namespaces }

    /// A device node made inside the container.
    public struct Device: Codable, Hashable, Sendable {
        public var path: String
        /// `b`, `c`, `u` or `p`.
        public var type: String
        public var major: Int64?
        public var minor: Int64?
        public var fileMode: UInt32?
        public var uid: UInt32?
        public var gid: UInt32?

        public init(path: String, type: String, major: Int64? = nil, minor: Int64? = nil) {
            self.path = path
            self.type = type
            self.major = major
            self.minor = minor
        }
    }

    public struct Resources: Codable, Hashable, Sendable {
        public var devices: [DeviceRule]?
        public var memory: Memory?
        public var cpu: CPU?
        public var pids: Pids?

        public init() {}
    }

    /// One line of the device cgroup's list.
    public struct DeviceRule: Codable, Hashable, Sendable {
        public var allow: Bool
        public var type: String?
        /// Absent: every number.
        public var major: Int64?
        public var minor: Int64?
        public var access: String?

        public init(allow: Bool, type: String? = nil, major: Int64? = nil, minor: Int64? = nil, access: String? = nil) {
            self.allow = allow
            self.type = type
            self.major = major
            self.minor = minor
            self.access = access
        }
    }

    public struct Memory: Codable, Hashable, Sendable {
        /// Bytes.
        public var limit: Int64?

        public init(limit: Int64?) { self.limit = limit }
    }

    public struct CPU: Codable, Hashable, Sendable {
        public var shares: UInt64?
        /// Microseconds a period; negative for none.
        public var quota: Int64?
        /// Microseconds.
        public var period: UInt64?

        public init() {}
    }

    public struct Pids: Codable, Hashable, Sendable {
        public var limit: Int64

        public init(limit: Int64) { self.limit = limit }
    }
}

/// A kernel namespace of the container: a new one, or with a path one that exists.
public struct LinuxNamespace: Codable, Hashable, Sendable {
    public enum Kind: String, Codable, Sendable, CaseIterable {
        case pid, network, mount, ipc, uts, user, cgroup, time
    }

    public var type: Kind
    public var path: String?

    public init(_ type: Kind, path: String? = nil) {
        self.type = type
        self.path = path
    }
}
