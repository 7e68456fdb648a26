import Logging
public import SwctrCore
import SwctrMetadata

/// The running side of one container: its shim, its processes, and the one place where their state changes.
///
/// Calls overlap: while one waits for the shim, exits come in and other calls are made. So every call asks the phase of
/// its process before, and again after, each `await`.
public actor TaskHandle {
    public nonisolated let namespace: Namespace
    public nonisolated let id: ContainerID
    nonisolated let environment: TaskEnvironment
    nonisolated let bundle: Bundle
    nonisolated let log: Logger
    /// Takes the task out of the manager's table.
    nonisolated let unregister: @Sendable (TaskHandle) -> Void
    /// Set once nothing of the task is left, with why that took longer than it should, if it did.
    nonisolated let gone = Latch<Result<Void, EngineError>>()

    /// As it is stored, or about to be.
    var record: TaskRecord
    let first: ProcessEntry
    var execs: [ExecID: ProcessEntry] = [:]
    var shim: ShimClient?
    /// The end of the connection is expected from now on.
    var isClosing = false
    /// The manager is about to end: nothing more is begun, the next one goes on.
    var isDisconnected = false
    var drain: ShimLogDrain?
    /// The deletion that is under way: further callers join it.
    var deletion: Task<ProcessExit?, any Error>?

    init(
        record: TaskRecord, phase: TaskPhase, environment: TaskEnvironment,
        unregister: @escaping @Sendable (TaskHandle) -> Void
    ) {
        namespace = record.namespace
        id = record.id
        bundle = Bundle(path: record.bundle)
        self.record = record
        self.environment = environment
        self.unregister = unregister
        var log = environment.log
        log[metadataKey: "namespace"] = "\(record.namespace)"
        log[metadataKey: "container.id"] = "\(record.id)"
        self.log = log
        first = ProcessEntry(
            execID: nil,
            stdio: TaskStdio(
                stdin: record.stdin, stdout: record.stdout, stderr: record.stderr, terminal: record.terminal),
            deleteOnExit: record.deleteOnExit, phase: phase)
    }

    nonisolated var configuration: TaskConfiguration { environment.configuration }
    nonisolated var subject: String { "task \"\(id)\"" }

    // MARK: Questions

    /// - Throws: `.notFound` for an exec that is not there.
    public func snapshot(of execID: ExecID? = nil) throws(EngineError) -> TaskSnapshot {
        let entry = try process(execID)
        return TaskSnapshot(
            namespace: namespace, id: id, execID: execID, pid: entry.phase.pid, status: entry.phase.state.status,
            stdio: entry.stdio, exit: entry.phase.exit, shimPid: UInt32(record.shimPid ?? 0), bundle: bundle.path)
    }

    /// Returns when the process has ended.
    ///
    /// - Throws: `.notFound`; `.cancelled` when the caller's task is.
    public func wait(for execID: ExecID? = nil) async throws(EngineError) -> ProcessExit {
        try await wait(for: try process(execID))
    }

    private func wait(for entry: ProcessEntry) async throws(EngineError) -> ProcessExit {
        let ended = entry.ended
        do {
            return try await ended.wait().get()
        } catch {
            throw EngineError(wrapping: error)
        }
    }

    /// Returns when the process has ended and what was to follow that has been done, well or badly: a process that
    /// somebody stays with in the foreground is deleted then, and its name is free.
    ///
    /// - Throws: as `wait`.
    public func waitAndSettle(for execID: ExecID? = nil) async throws(EngineError) -> ProcessExit {
        let entry = try process(execID)
        let exit = try await wait(for: entry)
        await entry.aftermath?.value
        return exit
    }

    /// Returns when nothing of the task is left.
    public nonisolated func waitUntilGone() async throws(EngineError) {
        do {
            try await gone.wait().get()
        } catch {
            throw EngineError(wrapping: error)
        }
    }

    // MARK: For the other parts of this actor

    func process(_ execID: ExecID?) throws(EngineError) -> ProcessEntry {
        guard let execID else { return first }
        guard let entry = execs[execID] else {
            throw EngineError(
                .notFound, subject: "exec \"\(execID)\" of \(subject)", message: "process does not exist")
        }
        return entry
    }

    /// - Throws: `.unavailable` when there is no shim any more.
    func connectedShim() throws(EngineError) -> ShimClient {
        guard let shim else {
            throw EngineError(
                .unavailable, subject: subject, message: "its shim is gone",
                hint: "remove it with swctr tasks delete \(id)")
        }
        return shim
    }

    /// Applies an event; a refused request becomes the error that the caller sees.
    @discardableResult
    func apply(_ event: TaskPhase.Event, to entry: ProcessEntry) throws(EngineError) -> TaskPhase.Effect {
        do throws(TaskPhase.Refusal) {
            return try entry.phase.apply(event)
        } catch {
            let subject = entry.execID.map { "exec \"\($0)\" of \(self.subject)" } ?? self.subject
            throw error.error(subject: subject, id: id.rawValue, isExec: entry.execID != nil)
        }
    }

    /// Applies news, which no state refuses.
    @discardableResult
    func note(_ event: TaskPhase.Event, of entry: ProcessEntry) -> TaskPhase.Effect {
        // `apply` throws for requests only.
        (try? entry.phase.apply(event)) ?? .none
    }

    /// Stores the task's row as it is now.
    func store() async throws(EngineError) {
        let record = record
        do {
            try await environment.store.write { try $0.updateTask(record) }
        } catch {
            throw EngineError(wrapping: error)
        }
    }
}
