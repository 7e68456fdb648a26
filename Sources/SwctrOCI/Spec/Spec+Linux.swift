/// The Linux part of the specification (config-linux.md).
public struct Linux: Codable, Hashable, Sendable {
    public var namespaces: [LinuxNamespace]
    public var uidMappings: [IDMapping]?
    public var gidMappings: [IDMapping]?
    public var devices: [Device]?
    public var cgroupsPath: String?
    public var resources: Resources?
    public var sysctl: [String: String]?
    public var seccomp: Seccomp?
    public var maskedPaths: [String]?
    public var readonlyPaths: [String]?
    public var rootfsPropagation: String?
    public var mountLabel: String?
    public var intelRdt: IntelRdt?
    public var personality: JSONDocument?
    public var timeOffsets: JSONDocument?

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

    /// A system call filter, in the form that runtimes compile.
    public struct Seccomp: Codable, Hashable, Sendable {
        public var defaultAction: String
        public var defaultErrnoRet: UInt32?
        public var architectures: [String]?
        public var flags: [String]?
        public var listenerPath: String?
        public var listenerMetadata: String?
        public var syscalls: [Syscall]?

        public init(
            defaultAction: String, defaultErrnoRet: UInt32? = nil, architectures: [String]? = nil,
            syscalls: [Syscall]? = nil
        ) {
            self.defaultAction = defaultAction
            self.defaultErrnoRet = defaultErrnoRet
            self.architectures = architectures
            self.syscalls = syscalls
        }

        public struct Syscall: Codable, Hashable, Sendable {
            public var names: [String]
            public var action: String
            public var errnoRet: UInt32?
            public var args: [Argument]?

            public init(names: [String], action: String, errnoRet: UInt32? = nil, args: [Argument]? = nil) {
                self.names = names
                self.action = action
                self.errnoRet = errnoRet
                self.args = args
            }
        }

        public struct Argument: Codable, Hashable, Sendable {
            public var index: UInt32
            public var value: UInt64
            /// For SCMP_CMP_MASKED_EQ: what the masked argument must be.
            public var valueTwo: UInt64?
            public var op: String

            public init(index: UInt32, value: UInt64, valueTwo: UInt64? = nil, op: String) {
                self.index = index
                self.value = value
                self.valueTwo = valueTwo
                self.op = op
            }
        }
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

/// A run of ids of a user namespace and the ids of the host that they are.
public struct IDMapping: Codable, Hashable, Sendable {
    public var containerID: UInt32
    public var hostID: UInt32
    public var size: UInt32

    public init(containerID: UInt32, hostID: UInt32, size: UInt32) {
        self.containerID = containerID
        self.hostID = hostID
        self.size = size
    }

    /// The host's id for one of the container's; nil where it is in no run.
    public static func host(_ id: UInt32, in mappings: [IDMapping]) -> UInt32? {
        for mapping in mappings where id >= mapping.containerID && id - mapping.containerID < mapping.size {
            return mapping.hostID + (id - mapping.containerID)
        }
        return nil
    }
}
