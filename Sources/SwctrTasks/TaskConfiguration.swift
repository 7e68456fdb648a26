import SwctrCore

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

    /// Where our own shims put their sockets: short names, for a socket's path has room for 107 bytes.
    public var shimSockets: String { "\(state)/s" }

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
