/// What a user asked of a container, and what the builder needs to know of image and host to turn it into a
/// specification. Plain values: gathering them is the caller's work.
public struct SpecRequest: Hashable, Sendable {
    public enum Cgroup: Hashable, Sendable {
        /// `/NAMESPACE/ID`.
        case byName
        /// No path in the specification: the runtime chooses.
        case unset
        case path(String)
    }

    /// What an image's configuration says of its process.
    public struct ImageDefaults: Hashable, Sendable {
        public var entrypoint: [String]
        public var command: [String]
        public var env: [String]
        public var workingDirectory: String
        public var user: String

        public init(
            entrypoint: [String] = [], command: [String] = [], env: [String] = [], workingDirectory: String = "",
            user: String = ""
        ) {
            self.entrypoint = entrypoint
            self.command = command
            self.env = env
            self.workingDirectory = workingDirectory
            self.user = user
        }
    }

    /// What only the host can tell.
    public struct Host: Hashable, Sendable {
        /// The caller's capabilities: what `--privileged` hands on.
        public var capabilities: [String]
        /// Nodes below /dev, for `--privileged`.
        public var devices: [Linux.Device]
        public var hostname: String
        /// Which of /etc/hosts and /etc/resolv.conf exist, for `--net-host`.
        public var networkFiles: [String]
        /// The nodes that `--device` named, folders already walked.
        public var requestedDevices: [Linux.Device] = []
        /// What the CDI specifications say of the devices that were named.
        public var deviceEdits: [CDIEdits] = []
        /// What the classes of `--blockio-class` come to on this host's devices.
        public var blockIO: Linux.BlockIO?

        public init(
            capabilities: [String] = [], devices: [Linux.Device] = [], hostname: String = "",
            networkFiles: [String] = []
        ) {
            self.capabilities = capabilities
            self.devices = devices
            self.hostname = hostname
            self.networkFiles = networkFiles
        }
    }

    public var id: String
    public var namespace: String
    /// Replaces the image's Entrypoint and Cmd, both; empty keeps them.
    public var args: [String] = []
    /// `KEY=VALUE` replaces by key, a bare `KEY` removes.
    public var env: [String] = []
    /// Empty: the image's, else `/`.
    public var cwd = ""
    public var mounts: [SpecMount] = []
    public var readOnly = false
    public var rootfsPropagation: Propagation?
    /// Also become annotations, as in ctr.
    public var labels: [String: String] = [:]
    /// Over those that labels became.
    public var annotations: [String: String] = [:]
    public var terminal = false
    public var cgroup = Cgroup.byName
    public var resources = Resources()
    public var limits: [Process.ResourceLimit] = []
    public var hostNetwork = false
    /// In place of new ones of their kind, and besides.
    public var namespaces: [LinuxNamespace] = []
    /// Both empty: no user namespace.
    public var uidMappings: [IDMapping] = []
    public var gidMappings: [IDMapping] = []
    public var privileged = false
    /// With `privileged`: all devices of the host, as nodes.
    public var hostDevices = true
    public var addedCapabilities: [String] = []
    public var droppedCapabilities: [String] = []
    public var allowNewPrivileges = false
    public var seccomp: SeccompChoice?
    /// Empty: none is set.
    public var apparmorProfile = ""
    /// What people call the container; empty: its id.
    public var name = ""
    /// Empty: the container's name or id, or with the host's network the host's name.
    public var hostname = ""
    /// Empty: the image's, else root.
    public var user = ""
    /// Absolute path of a directory that is the root file system; nil: `rootfs` in the bundle, with a snapshot on it.
    public var rootDirectory: String?

    public init(id: String, namespace: String) {
        self.id = id
        self.namespace = namespace
    }

    /// What the container may use.
    public struct Resources: Hashable, Sendable {
        /// Bytes; 0 sets no limit.
        public var memory: UInt64 = 0
        public var cpuShares: UInt64?
        /// Microseconds a period; -1: no limit.
        public var cpuQuota: Int64?
        /// Microseconds.
        public var cpuPeriod: UInt64?
        public var cpuBurst: UInt64?
        /// Lists such as `0-2,7`.
        public var cpus = ""
        public var mems = ""
        /// A class of resctrl; empty: none.
        public var rdtClass = ""

        public init() {}
    }

    /// How mounts travel between the container's root and the host's.
    public enum Propagation: String, Hashable, Sendable, CaseIterable {
        case shared, slave, `private`, unbindable, rshared, rslave, rprivate, runbindable
    }

    /// A system call filter.
    public enum SeccompChoice: Hashable, Sendable {
        /// Ours.
        case standard(SeccompProfile.Host)
        case custom(SeccompProfile, SeccompProfile.Host)
    }
}
