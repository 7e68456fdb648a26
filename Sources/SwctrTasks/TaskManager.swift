import Foundation
public import Logging
public import NIOCore
public import SwctrCore
public import SwctrMetadata
public import SwctrProto
import SwctrRuntime
import SwiftProtobuf
import Synchronization

/// All tasks of this manager: creates them, finds them, hands them what shims report, and takes them over from a manager
/// that was before.
public final class TaskManager: Sendable {
    private struct Key: Hashable, Sendable {
        var namespace: Namespace
        var id: ContainerID
    }

    private let environment: TaskEnvironment
    private let tasks = Mutex<[Key: TaskHandle]>([:])

    public init(
        configuration: TaskConfiguration, store: MetadataStore, bus: EventBus, hooks: TaskHooks = TaskHooks(),
        eventLoops: any EventLoopGroup, log: Logger
    ) {
        environment = TaskEnvironment(
            configuration: configuration, store: store, bus: bus, exits: ExitRegister(),
            launcher: ShimLauncher(configuration: configuration, log: log), hooks: hooks, eventLoops: eventLoops,
            log: log)
    }

    // MARK: Tasks

    /// Makes a task up to the point where its process can be started.
    ///
    /// The call is to be made in a task that is not cancelled with its client: what is begun is brought to an end, good
    /// or bad.
    ///
    /// - Parameters:
    ///   - recording: runs in the transaction that stores the task, before it: the container's own rows.
    ///   - mounts: prepares the root file system; it runs while the shim is being launched.
    /// - Throws: `.alreadyExists` when the container has a task; what failed, with everything undone.
    public func create(
        _ request: TaskRequest, recording: @escaping @Sendable (MetadataTransaction) throws -> Void = { _ in },
        mounts: @escaping @Sendable () async throws -> [Mount]
    ) async throws(EngineError) -> TaskHandle {
        let bundle = Bundle(state: environment.configuration.state, namespace: request.namespace, id: request.id)
        let record = TaskRecord(
            namespace: request.namespace, id: request.id, runtimeName: request.runtime.name,
            shimBinary: request.runtime.shim, bundle: bundle.path, stdin: request.stdio.stdin,
            stdout: request.stdio.stdout, stderr: request.stdio.stderr, terminal: request.stdio.terminal,
            deleteOnExit: request.deleteOnExit)
        let handle = handle(record, phase: TaskPhase())
        let key = Key(namespace: request.namespace, id: request.id)
        let isFree = tasks.withLock { tasks in
            if tasks[key] != nil { return false }
            tasks[key] = handle
            return true
        }
        guard isFree else {
            throw EngineError(
                .alreadyExists, subject: "task \"\(request.id)\"", message: "already exists",
                hint: "swctr tasks delete \(request.id) removes it, once it has stopped")
        }
        do {
            try await environment.store.write { transaction in
                try recording(transaction)
                try transaction.createTask(record)
            }
        } catch {
            unregister(handle)
            throw EngineError(wrapping: error)
        }
        environment.exits.forget(namespace: request.namespace, id: request.id, execID: nil)
        try await handle.create(request, mounts: mounts)
        return handle
    }

    /// - Throws: `.notFound`.
    public func task(_ namespace: Namespace, _ id: ContainerID) throws(EngineError) -> TaskHandle {
        guard let handle = tasks.withLock({ $0[Key(namespace: namespace, id: id)] }) else {
            throw EngineError(
                .notFound, subject: "task \"\(id)\"", message: "not found", hint: "swctr tasks ls shows what runs")
        }
        return handle
    }

    /// The tasks of one namespace, or of all, by namespace and id.
    public func tasks(in namespace: Namespace? = nil) -> [TaskHandle] {
        tasks.withLock { tasks in tasks.values.filter { namespace == nil || $0.namespace == namespace } }
            .sorted { ($0.namespace, $0.id) < ($1.namespace, $1.id) }
    }

    /// Waits for a process's end, and where it is to be deleted then for that too; one that is gone already is answered
    /// from memory.
    ///
    /// - Throws: `.notFound` when nothing is known of it.
    public func wait(
        _ namespace: Namespace, _ id: ContainerID, execID: ExecID?
    ) async throws(EngineError) -> ProcessExit {
        do throws(EngineError) {
            // Whoever came back for a foreground run finds it done, as if the manager had not changed meanwhile.
            return try await task(namespace, id).waitAndSettle(for: execID)
        } catch {
            guard error.code == .notFound,
                let exit = environment.exits.exit(namespace: namespace, id: id, execID: execID)
            else { throw error }
            return exit
        }
    }

    // MARK: What shims report

    /// Takes what a shim forwards, under the rules of containerd's service; any namespace is accepted, as the peer is our
    /// own user.
    ///
    /// - Throws: `.invalidArgument` for a bad namespace, a topic that is not like `/a/b`, or no timestamp.
    public func forward(_ envelope: Containerd_Services_Events_Ttrpc_V1_Envelope) async throws(EngineError) {
        _ = try Namespace(envelope.namespace)
        let parts = envelope.topic.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 2, parts[0].isEmpty,
            parts.dropFirst().allSatisfy({ IdentifierRule.violation(of: String($0)) == nil })
        else {
            throw EngineError(
                .invalidArgument, subject: "topic \"\(envelope.topic)\"", message: "must be like /tasks/exit")
        }
        guard envelope.hasTimestamp, envelope.timestamp.seconds != 0 || envelope.timestamp.nanos != 0 else {
            throw EngineError(.invalidArgument, subject: "event", message: "has no timestamp")
        }
        await forwarded(
            EngineEvent(
                timestamp: envelope.timestamp.date, namespace: envelope.namespace, topic: envelope.topic,
                event: envelope.event))
    }

    /// Takes an event that a shim forwarded: applies exits, and passes everything on to subscribers, exits once.
    func forwarded(_ event: EngineEvent) async {
        guard event.topic == "/tasks/exit", event.event.isA(Containerd_Events_TaskExit.self),
            let exit = try? Containerd_Events_TaskExit(serializedBytes: event.event.value)
        else { return environment.bus.publish(event) }
        await apply(exit, namespace: event.namespace)
        let key = ExitRegister.Key(
            namespace: event.namespace, container: exit.containerID, process: exit.id, pid: exit.pid)
        if environment.exits.claim(key) { environment.bus.publish(event) }
    }

    private func apply(_ event: Containerd_Events_TaskExit, namespace: String) async {
        guard let namespace = try? Namespace(namespace), let id = try? ContainerID(event.containerID),
            let handle = try? task(namespace, id)
        else { return }
        var execID: ExecID?
        if event.id != event.containerID, !event.id.isEmpty {
            guard let name = try? ExecID(event.id) else { return }
            execID = name
        }
        let exit = ProcessExit(
            status: ExitStatus(code: event.exitStatus), exitedAt: event.exitedAt.exitDate ?? Date())
        await handle.ended(execID, pid: event.pid, exit)
    }

    // MARK: Recovery

    /// Takes over the tasks that the store knows of; returns when each was reached, finished or undone. Shims may
    /// forward events meanwhile: the socket for them should listen already.
    public func recover() async throws(EngineError) {
        let records: [TaskRecord]
        do {
            records = try await environment.store.read { try $0.tasks() }
        } catch {
            throw EngineError(wrapping: error)
        }
        let handles = records.map { handle($0, phase: TaskPhase(restoring: $0)) }
        tasks.withLock { tasks in
            for handle in handles { tasks[Key(namespace: handle.namespace, id: handle.id)] = handle }
        }
        await withTaskGroup(of: Void.self) { group in
            for (index, handle) in handles.enumerated() {
                // A few at a time: most of it is waiting, but a lost shim means a helper process and file-system work.
                if index >= 16 { await group.next() }
                group.addTask { await handle.recover() }
            }
        }
    }

    /// Leaves all shims to the next manager: closes the connections to them and starts nothing more. The containers go
    /// on. To be called before the event loops end, which would look like the death of every shim.
    public func disconnect() async {
        let handles = tasks.withLock { Array($0.values) }
        for handle in handles { await handle.disconnect() }
    }

    // MARK: The table

    private func handle(_ record: TaskRecord, phase: TaskPhase) -> TaskHandle {
        TaskHandle(record: record, phase: phase, environment: environment) { [weak self] handle in
            self?.unregister(handle)
        }
    }

    private func unregister(_ handle: TaskHandle) {
        tasks.withLock { tasks in
            let key = Key(namespace: handle.namespace, id: handle.id)
            if tasks[key] === handle { tasks[key] = nil }
        }
    }
}
