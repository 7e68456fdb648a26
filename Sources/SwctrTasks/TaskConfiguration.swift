import Glibc
import SwctrCore
import SwctrLinux

/// What the tasks of one manager have in common.
public struct TaskConfiguration: Sendable {
    /// The manager's state directory; bundles and sockets are below it.
    public var state: String
    /// Path of the manager's client socket: part of every shim's identity, as it hashes it into its socket's name.
    public var address: String
    /// Path of the socket that shims send their events to. It must listen before the first shim is started.
    public var eventsAddress: String
    /// Path of the manager's own binary, which shims want to know.
    public var executable: String
    /// What shims inherit.
    public var environment: [String: String]
    public var timeouts = Timeouts()

    public init(
        state: String, address: String, eventsAddress: String, executable: String, environment: [String: String]
    ) {
        self.state = state
        self.address = address
        self.eventsAddress = eventsAddress
        self.executable = executable
        self.environment = environment
    }

    /// Where our own shims put their sockets. A name there has 64 digits, and a socket's path no more than 107 bytes: where
    /// the state directory's path is too long for both, it is the host's. The manager's address is part of each name, so
    /// managers do not meet there (as in containerd's /run/containerd/s).
    public var shimSockets: String {
        let own = "\(state)/s"
        if own.utf8.count <= Self.socketDirectoryLimit { return own }
        return (geteuid() == 0 ? "/run" : environment["XDG_RUNTIME_DIR"] ?? "/run/user/\(geteuid())") + "/swctr/s"
    }

    /// Bytes of a directory's path that leave room for a slash and a name. Shims refuse a longer one in BootstrapParams.
    static let socketDirectoryLimit = UnixSocket.maximumPathLength - 1 - 64

    /// How long each kind of call may take. No call to a shim is without an end but Wait.
    public struct Timeouts: Sendable {
        /// A shim's `start`, and connecting to it.
        public var shimStart: Duration = .seconds(60)
        /// A shim's `delete`.
        public var cleanUp: Duration = .seconds(10)
        /// Connect to a shim that is known, and its first answer.
        public var connect: Duration = .seconds(5)
        /// Create and Start: a virtual machine may have to boot.
        public var create: Duration = .seconds(120)
        /// Delete: output that is still under way is waited for.
        public var delete: Duration = .seconds(40)
        /// Pause, Resume, Kill, Exec, ResizePty, CloseIO, Pids.
        public var control: Duration = .seconds(30)
        public var state: Duration = .seconds(2)
        public var shutdown: Duration = .seconds(3)
        /// From SIGKILL to the exit of what was killed.
        public var kill: Duration = .seconds(10)

        public init() {}
    }
}
