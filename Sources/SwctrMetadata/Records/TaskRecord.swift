public import Foundation
internal import GRDB
public import SwctrCore

/// Where a process is in its life, as it was last recorded.
public enum ProcessStatus: String, Sendable {
    /// Its shim is being launched, or its runtime's `create` is under way.
    case creating
    case created, running, pausing, paused, stopped
    /// Nothing is known: the row is from a newer version, or the shim could not say.
    case unknown
}

/// The running side of a container: its shim, its first process, how that ended.
public struct TaskRecord: Sendable, Hashable {
    public var namespace: Namespace
    public var id: ContainerID
    public var runtimeName: String
    /// Path of the shim that was started; empty until it is known.
    public var shimBinary: String
    /// "unix:///…"; empty until the shim has answered.
    public var shimAddress: String
    /// Of the task API: 2 or 3; 0 until it is known.
    public var shimVersion: Int
    public var shimPid: Int32?
    /// Of the container's first process.
    public var pid: Int32?
    public var bundle: String
    public var status: ProcessStatus
    /// Paths or URIs as the client gave them; empty for none.
    public var stdin: String
    public var stdout: String
    public var stderr: String
    public var terminal: Bool
    /// Delete the task once its process has ended: somebody waits in the foreground.
    public var deleteOnExit: Bool
    /// Nil until the process has ended.
    public var exitStatus: UInt32?
    public var exitedAt: Date?
    /// Why it ended, where the status alone does not say it; empty for an ordinary exit.
    public var exitReason: String
    public var createdAt: Date

    public init(
        namespace: Namespace, id: ContainerID, runtimeName: String, shimBinary: String = "", shimAddress: String = "",
        shimVersion: Int = 0, shimPid: Int32? = nil, pid: Int32? = nil, bundle: String,
        status: ProcessStatus = .creating, stdin: String = "", stdout: String = "", stderr: String = "",
        terminal: Bool = false, deleteOnExit: Bool = false, exitStatus: UInt32? = nil, exitedAt: Date? = nil,
        exitReason: String = "", createdAt: Date = Date()
    ) {
        self.namespace = namespace
        self.id = id
        self.runtimeName = runtimeName
        self.shimBinary = shimBinary
        self.shimAddress = shimAddress
        self.shimVersion = shimVersion
        self.shimPid = shimPid
        self.pid = pid
        self.bundle = bundle
        self.status = status
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self.terminal = terminal
        self.deleteOnExit = deleteOnExit
        self.exitStatus = exitStatus
        self.exitedAt = exitedAt
        self.exitReason = exitReason
        self.createdAt = createdAt
    }
}

extension MetadataTransaction {
    /// The tasks of one namespace, or of all, by age.
    public func tasks(in namespace: Namespace? = nil) throws(EngineError) -> [TaskRecord] {
        guard let namespace else { return try fetchAll(TaskRecord.self, order: "created_at, namespace, id") }
        return try fetchAll(TaskRecord.self, where: "namespace = ?", order: "created_at, id", [namespace.rawValue])
    }

    public func task(_ namespace: Namespace, _ id: ContainerID) throws(EngineError) -> TaskRecord? {
        try fetchOne(TaskRecord.self, where: "namespace = ? AND id = ?", [namespace.rawValue, id.rawValue])
    }

    /// - Throws: `.alreadyExists`; `.failedPrecondition` where its container is not there.
    public func createTask(_ record: TaskRecord) throws(EngineError) { try insert(record) }

    /// - Throws: `.notFound`.
    public func updateTask(_ record: TaskRecord) throws(EngineError) { try update(record) }

    /// Removes the task and its execs; tells whether there was one.
    @discardableResult
    public func deleteTask(_ namespace: Namespace, _ id: ContainerID) throws(EngineError) -> Bool {
        try delete(TaskRecord.self, id.rawValue, where: "namespace = ? AND id = ?", [namespace.rawValue, id.rawValue])
    }
}

extension TaskRecord: TableRow {
    static let table = "tasks"
    static let noun = "task"
    static let keyColumns = ["namespace", "id"]
    static let columns = [
        "namespace", "id", "runtime_name", "shim_binary", "shim_address", "shim_version", "shim_pid", "pid", "bundle",
        "status", "stdin", "stdout", "stderr", "terminal", "delete_on_exit", "exit_status", "exited_at",
        "exit_reason", "created_at",
    ]
    var title: String { id.rawValue }
    var values: [(any DatabaseValueConvertible)?] {
        [
            namespace.rawValue, id.rawValue, runtimeName, shimBinary, shimAddress, shimVersion, shimPid, pid, bundle,
            status.rawValue, stdin, stdout, stderr, terminal, deleteOnExit, exitStatus,
            exitedAt.map { ColumnCoding.encode($0) }, exitReason, ColumnCoding.encode(createdAt),
        ]
    }

    init(row: Row) throws {
        namespace = row.identifier("namespace")
        id = row.identifier("id")
        runtimeName = row["runtime_name"]
        shimBinary = row["shim_binary"]
        shimAddress = row["shim_address"]
        shimVersion = row["shim_version"]
        shimPid = row["shim_pid"]
        pid = row["pid"]
        bundle = row["bundle"]
        status = ProcessStatus(rawValue: row["status"]) ?? .unknown
        stdin = row["stdin"]
        stdout = row["stdout"]
        stderr = row["stderr"]
        terminal = row["terminal"]
        deleteOnExit = row["delete_on_exit"]
        exitStatus = row["exit_status"]
        exitedAt = row.optionalDate("exited_at")
        exitReason = row["exit_reason"]
        createdAt = row.date("created_at")
    }
}
