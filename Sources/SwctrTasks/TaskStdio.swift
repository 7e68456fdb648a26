public import SwctrCore
public import SwctrMetadata

/// Where a process's streams go: paths of FIFOs that the client made, URIs that shims understand, or empty for none.
/// They pass by the manager; it only hands the names on.
public struct TaskStdio: Sendable, Hashable {
    public var stdin: String
    public var stdout: String
    public var stderr: String
    public var terminal: Bool

    public init(stdin: String = "", stdout: String = "", stderr: String = "", terminal: Bool = false) {
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self.terminal = terminal
    }

    /// The same with both output streams or none: containerd's runc shims fail on one alone, or die of it when it is a
    /// URI (facts: shim-contract.md, section 6).
    var complete: TaskStdio {
        if terminal || stdout.isEmpty == stderr.isEmpty { return self }
        var both = self
        let given = stdout.isEmpty ? stderr : stdout
        let other = given.contains("://") ? given : "/dev/null"
        if stdout.isEmpty { both.stdout = other } else { both.stderr = other }
        return both
    }
}

/// A process of a task as it is now.
public struct TaskSnapshot: Sendable, Hashable {
    public var namespace: Namespace
    public var id: ContainerID
    /// Nil for the task's first process.
    public var execID: ExecID?
    /// 0 until it is known.
    public var pid: UInt32
    public var status: ProcessStatus
    public var stdio: TaskStdio
    /// Nil until it has ended.
    public var exit: ProcessExit?
    public var shimPid: UInt32
    public var bundle: String
}

/// One line of `swctr tasks ps`.
public struct TaskProcess: Sendable, Hashable {
    /// In the host's numbers.
    public var pid: UInt32
    /// Empty for what is no exec's own process.
    public var execID: String
}

extension TaskPhase.State {
    /// As it is stored and shown: calls that are under way are the manager's own matter.
    var status: ProcessStatus {
        switch self {
        case .creating: .creating
        case .created: .created
        case .starting, .running: .running
        case .pausing: .pausing
        case .paused, .resuming: .paused
        case .stopped, .deleting, .deleted: .stopped
        }
    }
}
