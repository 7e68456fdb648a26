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
    /// Also become annotations, as in ctr.
    public var labels: [String: String] = [:]
    public var terminal = false
    public var cgroup = Cgroup.byName
    /// Bytes; 0 sets no limit.
    public var memoryLimit: UInt64 = 0
    public var hostNetwork = false
    public var privileged = false
    /// Empty: the container's id, or with the host's network the host's name.
    public var hostname = ""
    /// Empty: the image's, else root.
    public var user = ""
    /// Absolute path of a directory that is the root file system; nil: `rootfs` in the bundle, with a snapshot on it.
    public var rootDirectory: String?

    public init(id: String, namespace: String) {
        self.id = id
        self.namespace = namespace
    }
}
