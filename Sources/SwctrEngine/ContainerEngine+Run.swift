import Foundation
import Logging
public import SwctrCore
import SwctrImages
import SwctrLinux
import SwctrMetadata
import SwctrOCI
public import SwctrProto
import SwctrRuntime
public import SwctrTasks
import SwiftProtobuf

/// How a task is to be started, beyond what its container says.
public struct StartOptions: Sendable {
    public var stdio: TaskStdio
    public var consoleSize: ConsoleSize?
    /// Nobody stays for it: the task remains when it has ended, until it is deleted.
    public var detach: Bool
    /// Written by rename before the process starts; empty for none.
    public var pidFile: String
    /// Move the root file system in place of pivoting into it; an option of runc's.
    public var noPivot: Bool
    /// Put the task into the host's default network.
    public var network: Bool

    public init(
        stdio: TaskStdio, consoleSize: ConsoleSize? = nil, detach: Bool = false, pidFile: String = "",
        noPivot: Bool = false, network: Bool = false
    ) {
        self.network = network
        self.stdio = stdio
        self.consoleSize = consoleSize
        self.detach = detach
        self.pidFile = pidFile
        self.noPivot = noPivot
    }

    func check(runtime: String) throws(EngineError) {
        try RuntimeOptionRule.check(
            runtime: runtime, flags: RuntimeOptionRule.RuncFlags(otherFields: noPivot ? ["--no-pivot"] : []),
            cgroup: nil)
    }
}

extension ContainerEngine {
    /// Container, task and start in one: `swctr run`. When any step fails, all of them are undone.
    ///
    /// - Returns: the task, which runs.
    public func run(
        _ request: Swctr_V1_ContainerOptions, start: StartOptions, autoRemove: Bool, in namespace: Namespace
    ) async throws -> TaskHandle {
        CgroupMigration.anticipate()
        let plan = try await plan(request, in: namespace)
        try start.check(runtime: plan.runtime.name)
        if start.network { try checkNetwork(plan) }
        return try await exclusively(plan.key) { [self] in
            let handle = try await withImage(of: plan) { [self] parent in
                try await createForRun(plan, start, on: parent, autoRemove: autoRemove)
            }
            do {
                try await begin(handle, start)
                return handle
            } catch {
                await undo(handle, removingContainer: true)
                throw error
            }
        }
    }

    /// Records container and task in one transaction, with the intents that undo both. Who lives in the image decides
    /// the order: once known, the snapshot is made while the shim starts; before that, it is made first and looked into.
    private func createForRun(
        _ plan: ContainerPlan, _ start: StartOptions, on parent: String?, autoRemove: Bool
    ) async throws -> TaskHandle {
        let key = plan.key
        let isKnown = await accounts.knows(plan.image?.chainID)
        let base = plan.image == nil || isKnown ? Base() : try await prepareSnapshot(plan, on: parent)
        do {
            let record = try await record(for: plan, rootfs: base.rootfs, autoRemove: autoRemove)
            let handle = try await tasks.create(
                TaskRequest(
                    namespace: key.namespace, id: key.id, runtime: plan.runtime,
                    options: plan.options.completed(
                        for: plan.runtime.name, runcRoot: defaults.runcRoot, noPivot: start.noPivot,
                        owner: plan.outsideRoot),
                    spec: [UInt8](record.spec), stdio: start.stdio, consoleSize: start.consoleSize,
                    deleteOnExit: !start.detach || autoRemove),
                recording: { tx in
                    try Self.insert(record, tx)
                    _ = try tx.addIntent(
                        IntentRecord(namespace: key.namespace, kind: .run, subject: key.id.rawValue))
                    // The row owns the snapshot now, made or not.
                    if let intent = base.intent { try tx.removeIntent(intent.id) }
                },
                mounts: { [self] in
                    var rootfs = base.rootfs
                    if plan.image != nil, rootfs.isEmpty {
                        rootfs = try await snapshots.prepare(
                            key.namespace, snapshotter: plan.snapshotter, key: key.id.rawValue, parent: parent,
                            labels: plan.request.snapshotLabels)
                    }
                    // In containerd's order: after the snapshot, and before the task, whose shim waits for the mounts.
                    await announce(record)
                    return autoRemove ? rootfs.map(\.withoutWriteback) : rootfs
                })
            return handle
        } catch {
            if let intent = base.intent { await dropUnowned(intent, key) }
            throw error
        }
    }

    /// Makes the task of a container that exists, and starts it.
    public func start(_ key: ContainerKey, _ start: StartOptions) async throws -> TaskHandle {
        CgroupMigration.anticipate()
        let record = try await container(key)
        let runtime = try runtimes.resolve(record.runtimeName)
        let options = try RuntimeOptions(stored: record.runtimeOptions, runtime: record.runtimeName)
        try start.check(runtime: runtime.name)
        let spec = try Spec(record: record)
        return try await exclusively(key) { [self] in
            let handle = try await tasks.create(
                TaskRequest(
                    namespace: key.namespace, id: key.id, runtime: runtime,
                    options: options.completed(
                        for: runtime.name, runcRoot: defaults.runcRoot, noPivot: start.noPivot,
                        owner: spec.outsideRoot),
                    spec: [UInt8](record.spec),
                    stdio: start.stdio, consoleSize: start.consoleSize,
                    deleteOnExit: !start.detach || record.autoRemove),
                mounts: { [self] in
                    if record.snapshotKey.isEmpty { return [] }
                    return try await snapshots.mounts(
                        key.namespace, snapshotter: record.snapshotter, key: record.snapshotKey)
                })
            do {
                try await begin(handle, start)
                return handle
            } catch {
                await undo(handle, removingContainer: false)
                throw error
            }
        }
    }

    private func begin(_ handle: TaskHandle, _ start: StartOptions) async throws {
        if !start.pidFile.isEmpty { try PidFile.write(try await handle.snapshot().pid, to: start.pidFile) }
        if start.network {
            let key = ContainerKey(namespace: handle.namespace, id: handle.id)
            try await cleanup.network.add(key, pid: try await handle.snapshot().pid, metadata)
        }
        try await handle.start()
    }

    /// Before anything is made: a namespace of the task's own, and a network that is configured.
    private func checkNetwork(_ plan: ContainerPlan) throws(EngineError) {
        let namespaces = plan.givenSpec?.spec.linux.namespaces
        let hasOwn =
            namespaces.map { all in all.contains { $0.type == .network && $0.path == nil } }
            ?? (!plan.request.netHost && !plan.request.namespaces.contains { $0.type == "network" })
        if !hasOwn {
            throw EngineError(
                .invalidArgument, subject: "--cni", message: "needs a network namespace of the container's own")
        }
        _ = try CNIConfiguration.load(folder: cleanup.network.configurationFolder)
    }

    private func undo(_ handle: TaskHandle, removingContainer: Bool) async {
        do {
            try await handle.delete(force: true)
        } catch  where error.code == .notFound {
            // Gone already.
        } catch {
            log.warning("task of a failed start was not removed", metadata: ["error": "\(error)"])
            return
        }
        guard removingContainer else { return }
        let key = ContainerKey(namespace: handle.namespace, id: handle.id)
        do { try await cleanup.remove(key, keepSnapshot: false) } catch {
            log.warning("container of a failed run was not removed", metadata: ["error": "\(error)"])
        }
    }

    /// A snapshot that was made for a container which did not come to be.
    private func dropUnowned(_ intent: IntentRecord, _ key: ContainerKey) async {
        let isOwned = (try? await metadata.read { try $0.container(key.namespace, key.id) }) ?? nil
        let stillThere = (try? await metadata.read { try $0.intents(.containerSnapshot) })?.contains(intent) ?? false
        if isOwned == nil, stillThere { await cleanup.dropSnapshot(intent) }
    }
}
