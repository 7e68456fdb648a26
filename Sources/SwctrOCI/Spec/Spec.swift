/// `config.json` of a bundle: the OCI runtime specification's part for Linux.
///
/// The names are the specification's (opencontainers/runtime-spec: config.md, config-linux.md). `ociVersion` stays at
/// 1.0.2: older crun refuses a newer one, and nothing here needs it.
public struct Spec: Codable, Hashable, Sendable {
    public var ociVersion = "1.0.2"
    public var process: Process
    public var root: Root
    public var hostname: String?
    public var domainname: String?
    public var mounts: [SpecMount]
    public var hooks: Hooks?
    public var annotations: [String: String]?
    public var linux: Linux

    public init(process: Process, root: Root, mounts: [SpecMount], linux: Linux) {
        self.process = process
        self.root = root
        self.mounts = mounts
        self.linux = linux
    }

    /// What a user's own document may leave out is empty here.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        ociVersion = try container.decode(String.self, forKey: .ociVersion)
        process =
            try container.decodeIfPresent(Process.self, forKey: .process)
            ?? Process(user: Process.User(uid: 0, gid: 0), args: [], env: [], cwd: "/")
        root = try container.decode(Root.self, forKey: .root)
        hostname = try container.decodeIfPresent(String.self, forKey: .hostname)
        domainname = try container.decodeIfPresent(String.self, forKey: .domainname)
        mounts = try container.decodeIfPresent([SpecMount].self, forKey: .mounts) ?? []
        hooks = try container.decodeIfPresent(Hooks.self, forKey: .hooks)
        annotations = try container.decodeIfPresent([String: String].self, forKey: .annotations)
        linux = try container.decodeIfPresent(Linux.self, forKey: .linux) ?? Linux(namespaces: [])
    }

    /// Programs that the runtime runs at points of a container's life.
    public struct Hooks: Codable, Hashable, Sendable {
        public var prestart: [Hook]?
        public var createRuntime: [Hook]?
        public var createContainer: [Hook]?
        public var startContainer: [Hook]?
        public var poststart: [Hook]?
        public var poststop: [Hook]?

        public init() {}
    }

    public struct Hook: Codable, Hashable, Sendable {
        public var path: String
        public var args: [String]?
        public var env: [String]?
        /// Seconds.
        public var timeout: Int?
    }

    public struct Root: Codable, Hashable, Sendable {
        /// Relative to the bundle, or absolute.
        public var path: String
        public var readonly: Bool?

        public init(path: String, readonly: Bool? = nil) {
            self.path = path
            self.readonly = readonly
        }
    }
}

/// The process of a container, or one more of its processes: what `exec` hands to the runtime too.
public struct Process: Codable, Hashable, Sendable {
    public var terminal: Bool?
    public var consoleSize: ConsoleSize?
    public var user: User
    public var args: [String]
    public var env: [String]
    public var cwd: String
    public var capabilities: Capabilities?
    public var rlimits: [ResourceLimit]?
    public var noNewPrivileges: Bool?
    public var apparmorProfile: String?
    public var oomScoreAdj: Int?
    public var selinuxLabel: String?
    public var scheduler: JSONDocument?
    public var ioPriority: JSONDocument?
    public var execCPUAffinity: JSONDocument?

    public init(user: User, args: [String], env: [String], cwd: String) {
        self.user = user
        self.args = args
        self.env = env
        self.cwd = cwd
    }

    /// What a user's own document may leave out is empty here.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        terminal = try container.decodeIfPresent(Bool.self, forKey: .terminal)
        consoleSize = try container.decodeIfPresent(ConsoleSize.self, forKey: .consoleSize)
        user = try container.decodeIfPresent(User.self, forKey: .user) ?? User(uid: 0, gid: 0)
        args = try container.decodeIfPresent([String].self, forKey: .args) ?? []
        env = try container.decodeIfPresent([String].self, forKey: .env) ?? []
        cwd = try container.decode(String.self, forKey: .cwd)
        capabilities = try container.decodeIfPresent(Capabilities.self, forKey: .capabilities)
        rlimits = try container.decodeIfPresent([ResourceLimit].self, forKey: .rlimits)
        noNewPrivileges = try container.decodeIfPresent(Bool.self, forKey: .noNewPrivileges)
        apparmorProfile = try container.decodeIfPresent(String.self, forKey: .apparmorProfile)
        oomScoreAdj = try container.decodeIfPresent(Int.self, forKey: .oomScoreAdj)
        selinuxLabel = try container.decodeIfPresent(String.self, forKey: .selinuxLabel)
        scheduler = try container.decodeIfPresent(JSONDocument.self, forKey: .scheduler)
        ioPriority = try container.decodeIfPresent(JSONDocument.self, forKey: .ioPriority)
        execCPUAffinity = try container.decodeIfPresent(JSONDocument.self, forKey: .execCPUAffinity)
    }

    public struct ConsoleSize: Codable, Hashable, Sendable {
        public var height: UInt32
        public var width: UInt32
    }

    public struct User: Codable, Hashable, Sendable {
        public var uid: UInt32
        public var gid: UInt32
        public var umask: UInt32?
        public var additionalGids: [UInt32]?
        public var username: String?

        public init(uid: UInt32, gid: UInt32, additionalGids: [UInt32]? = nil) {
            self.uid = uid
            self.gid = gid
            self.additionalGids = additionalGids
        }
    }

    public struct Capabilities: Codable, Hashable, Sendable {
        public var bounding: [String]?
        public var effective: [String]?
        public var inheritable: [String]?
        public var permitted: [String]?
        public var ambient: [String]?
    }

    public struct ResourceLimit: Codable, Hashable, Sendable {
        public var type: String
        public var hard: UInt64
        public var soft: UInt64

        public init(type: String, hard: UInt64, soft: UInt64) {
            self.type = type
            self.hard = hard
            self.soft = soft
        }
    }
}

/// A mount inside the container.
public struct SpecMount: Codable, Hashable, Sendable {
    public var destination: String
    public var type: String?
    public var source: String?
    public var options: [String]?
    public var uidMappings: [IDMapping]?
    public var gidMappings: [IDMapping]?

    public init(destination: String, type: String? = nil, source: String? = nil, options: [String]? = nil) {
        self.destination = destination
        self.type = type
        self.source = source
        self.options = options
    }
}
