public import Foundation
internal import GRDB
public import SwctrCore

/// One further process of a task.
public struct ExecRecord: Sendable, Hashable {
    public var namespace: Namespace
    public var id: ContainerID
    public var execID: ExecID
    public var pid: Int32?
    public var stdin: String
    public var stdout: String
    public var stderr: String
    public var terminal: Bool
    public var status: ProcessStatus
    /// Nil until the process has ended.
    public var exitStatus: UInt32?
    public var exitedAt: Date?

    public init(
        namespace: Namespace, id: ContainerID, execID: ExecID, pid: Int32? = nil, stdin: String = "",
        stdout: String = "", stderr: String = "", terminal: Bool = false, status: ProcessStatus = .creating,
        exitStatus: UInt32? = nil, exitedAt: Date? = nil
    ) {
        self.namespace = namespace
        self.id = id
        self.execID = execID
        self.pid = pid
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self.terminal = terminal
        self.status = status
        self.exitStatus = exitStatus
        self.exitedAt = exitedAt
    }
}

extension MetadataTransaction {
    /// The execs of one task, by exec id.
    public func execs(_ namespace: Namespace, _ id: ContainerID) throws(EngineError) -> [ExecRecord] {
        try fetchAll(
            ExecRecord.self, where: "namespace = ? AND id = ?", order: "exec_id", [namespace.rawValue, id.rawValue])
    }

    public func exec(
        _ namespace: Namespace, _ id: ContainerID, _ execID: ExecID
    ) throws(EngineError) -> ExecRecord? {
        try fetchOne(
            ExecRecord.self, where: "namespace = ? AND id = ? AND exec_id = ?",
            [namespace.rawValue, id.rawValue, execID.rawValue])
    }

    /// - Throws: `.alreadyExists`; `.failedPrecondition` where its task is not there.
    public func createExec(_ record: ExecRecord) throws(EngineError) { try insert(record) }

    /// - Throws: `.notFound`.
    public func updateExec(_ record: ExecRecord) throws(EngineError) { try update(record) }

    /// Tells whether there was one.
    @discardableResult
    public func deleteExec(
        _ namespace: Namespace, _ id: ContainerID, _ execID: ExecID
    ) throws(EngineError) -> Bool {
        try delete(
            ExecRecord.self, execID.rawValue, where: "namespace = ? AND id = ? AND exec_id = ?",
            [namespace.rawValue, id.rawValue, execID.rawValue])
    }
}

extension ExecRecord: TableRow {
    static let table = "execs"
    static let noun = "exec"
    static let keyColumns = ["namespace", "id", "exec_id"]
    static let columns = [
        "namespace", "id", "exec_id", "pid", "stdin", "stdout", "stderr", "terminal", "status", "exit_status",
        "exited_at",
    ]
    var title: String { execID.rawValue }
    var values: [(any DatabaseValueConvertible)?] {
        [
            namespace.rawValue, id.rawValue, execID.rawValue, pid, stdin, stdout, stderr, terminal, status.rawValue,
            exitStatus, exitedAt.map { ColumnCoding.encode($0) },
        ]
    }

    init(row: Row) throws {
        namespace = row.identifier("namespace")
        id = row.identifier("id")
        execID = row.identifier("exec_id")
        pid = row["pid"]
        stdin = row["stdin"]
        stdout = row["stdout"]
        stderr = row["stderr"]
        terminal = row["terminal"]
        status = ProcessStatus(rawValue: row["status"]) ?? .unknown
        exitStatus = row["exit_status"]
        exitedAt = row.optionalDate("exited_at")
    }
}
