import Foundation
public import SwctrCore
public import SwctrMetadata
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

    public init(stdio: TaskStdio, consoleSize: ConsoleSize? = nil, detach: Bool = false, pidFile: String = "") {
        self.stdio = stdio
        self.consoleSize = consoleSize
        self.detach = detach
        self.pidFile = pidFile
    }
}

/// A task that runs.
public struct StartedTask: Sendable {
    public let pid: UInt32
    /// Ends when the task has ended and what was to be removed with it is gone; nil when nobody asked for that.
    public let end: Task<ProcessExit, any Error>?
}

extension ContainerEngine {
    /// Container, task and start in one: `swctr run`. When any step fails, all of them are undone.
    public func run(
        _ request: Swctr_V1_ContainerOptions, start: StartOptions, autoRemove: Bool, in namespace: Namespace
    ) async throws -> StartedTask {
        let plan = try await plan(request, in: namespace)
        let key = plan.key
        return try await exclusively(key, "run") {
            let made = try await make(plan, autoRemove: autoRemove, runIntent: true)
            do {
                let started = try await begin(made.record, rootfs: made.rootfs, runtime: plan.runtime, start)
                _ = try await metadata.write { try $0.removeIntents(key.namespace, .run, subject: key.id.rawValue) }
                return started
            } catch {
                await undoRun(made.record)
                throw error
            }
        }
    }

    /// Makes the task of a container that exists, and starts it.
    public func start(_ key: TaskKey, _ start: StartOptions) async throws -> StartedTask {
        let record = try await container(key)
        return try await exclusively(key, "start") {
            let runtime = try runtimes.resolve(record.runtimeName)
            var rootfs: [Mount] = []
            if !record.snapshotKey.isEmpty {
                rootfs = try await snapshots.mounts(
                    key.namespace, snapshotter: record.snapshotter, key: record.snapshotKey)
            }
            return try await begin(record, rootfs: rootfs, runtime: runtime, start)
        }
    }

    private func begin(
        _ record: ContainerRecord, rootfs: [Mount], runtime: RuntimeRegistry.Resolved, _ start: StartOptions
    ) async throws -> StartedTask {
        let key = TaskKey(namespace: record.namespace, id: record.id)
        let deleteOnExit = !start.detach || record.autoRemove
        let options = try record.runtimeOptions.map { try Google_Protobuf_Any(serializedBytes: $0) }
        let pid = try await tasks.create(
            TaskCreation(
                key: key, runtime: runtime, options: options, spec: [UInt8](record.spec), rootfs: rootfs,
                stdio: start.stdio, consoleSize: start.consoleSize, deleteOnExit: deleteOnExit))
        do {
            if !start.pidFile.isEmpty { try PidFile.write(pid, to: start.pidFile) }
            _ = try await tasks.start(key)
        } catch {
            await discardTask(key)
            throw error
        }
        return StartedTask(pid: pid, end: deleteOnExit ? follow(key, autoRemove: record.autoRemove) : nil)
    }

    /// Deletes the task once it has ended, and with `autoRemove` the container; whether or not a client still waits.
    @discardableResult
    func follow(_ key: TaskKey, autoRemove: Bool) -> Task<ProcessExit, any Error> {
        followers.follow(key) { [self] in
            let exit = try await tasks.wait(key)
            do {
                _ = try await tasks.delete(key)
            } catch let error as EngineError where error.code == .notFound {
                // Somebody else deleted it first, which is what was wanted.
            }
            if autoRemove { try await remove(key, keepSnapshot: false) }
            return exit
        }
    }

    /// How a task ended that is gone already: for a client that comes back after the manager was restarted.
    public func wait(_ key: TaskKey) async throws -> ProcessExit {
        if let ended = followers.recent(key) { return ended }
        do {
            return try await tasks.wait(key)
        } catch let error as EngineError where error.code == .notFound {
            if let ended = followers.recent(key) { return ended }
            throw error
        }
    }

    private func undoRun(_ record: ContainerRecord) async {
        let key = TaskKey(namespace: record.namespace, id: record.id)
        await discardTask(key)
        do {
            try await remove(key, keepSnapshot: false)
        } catch {
            log.warning(
                "container of a failed run was not removed",
                metadata: ["container.id": "\(key.id)", "namespace": "\(key.namespace)", "error": "\(error)"])
        }
    }

    private func discardTask(_ key: TaskKey) async {
        do {
            try await tasks.discard(key)
        } catch let error as EngineError where error.code == .notFound {
            // Never made.
        } catch {
            log.warning(
                "task of a failed start was not removed",
                metadata: ["container.id": "\(key.id)", "namespace": "\(key.namespace)", "error": "\(error)"])
        }
    }
}
