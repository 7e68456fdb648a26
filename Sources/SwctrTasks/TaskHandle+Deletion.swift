import SwctrLinux
import Foundation
import Logging
import SwctrCore
import SwctrMetadata
import SwctrRuntime

extension TaskHandle {
    /// Deletes the task, or one exec of it, and answers how it had ended (nil where it never ran).
    ///
    /// - Parameter force: kill it first.
    /// - Throws: `.failedPrecondition` while it runs, unless forced.
    @discardableResult
    public func delete(_ execID: ExecID? = nil, force: Bool) async throws(EngineError) -> ProcessExit? {
        do {
            if let deletion { return try await deletion.value }
            let entry = try process(execID)
            if force { try await stop(entry) }
            // While it was being stopped another call, or its own exit, may have begun to delete it.
            if let deletion { return try await deletion.value }
            if execID == nil, force, entry.phase.state == .deleted { return entry.phase.exit }
            try apply(.deleteRequested, to: entry)
            if let execID { return try await deleteExec(entry, execID) }
            let deletion = Task { try await self.deleteTask() }
            self.deletion = deletion
            return try await deletion.value
        } catch {
            throw EngineError(wrapping: error)
        }
    }

    /// Kills the process and waits for its end.
    private func stop(_ entry: ProcessEntry) async throws(EngineError) {
        guard entry.phase.isAlive else { return }
        let shim = try connectedShim()
        let wasPaused = entry.phase.state == .paused || entry.phase.state == .pausing
        do throws(EngineError) {
            try await shim.kill(entry.execID, signal: 9, all: entry.execID == nil)
        } catch {
            // It ended by itself; how is on its way.
            if error.code != .notFound, error.code != .unavailable { throw error }
        }
        if wasPaused { try? await shim.resume() }
        let ended = entry.ended
        let timeout = configuration.timeouts.kill
        let inTime = await withTaskGroup(of: Bool.self) { group in
            group.addTask { (try? await ended.wait()) != nil }
            group.addTask {
                try? await Task.sleep(for: timeout)
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
        if !inTime {
            throw EngineError(
                .deadlineExceeded, operation: "kill", subject: subject, message: "did not end in \(timeout)")
        }
    }

    private func deleteExec(_ entry: ProcessEntry, _ execID: ExecID) async throws(EngineError) -> ProcessExit? {
        if let shim {
            do throws(EngineError) {
                _ = try await shim.delete(execID)
            } catch {
                if error.code != .notFound, error.code != .unavailable {
                    note(.deleteFailed, of: entry)
                    throw error
                }
            }
        }
        await forget(entry, execID)
        return entry.phase.exit
    }

    /// Drops an exec that is no more.
    func forget(_ entry: ProcessEntry, _ execID: ExecID) async {
        let (namespace, id) = (namespace, id)
        do {
            _ = try await environment.store.write { try $0.deleteExec(namespace, id, execID) }
        } catch {
            log.warning("exec could not be removed from the store", metadata: ["error": "\(error)"])
        }
        note(.deleted, of: entry)
        if execs[execID] === entry { execs[execID] = nil }
        entry.ended.set(
            .failure(EngineError(.notFound, subject: "exec \"\(execID)\"", message: "was deleted before it ran")))
    }

    /// The task proper. Its order is that of evidence: the exit is stored before the shim forgets it, the shim is gone
    /// before the row that names it.
    private func deleteTask() async throws(EngineError) -> ProcessExit? {
        var steps = StepTimer("delete", log: log)
        do throws(EngineError) {
            if let shim, try await deleteInShim(shim) {
                steps.done("shim delete")
                isClosing = true
                if RuntimeRegistry.isOwnShim(record.shimBinary) {
                    // It answers, goes, and needs nobody to clean up after it, nor its folder.
                    async let ended: Void = shutDown(shim)
                    try await removeBundle()
                    await ended
                } else {
                    await shutDown(shim)
                    // containerd runs it after every closed connection, so other shims may leave work to it.
                    _ = await environment.launcher.cleanUp(record.shimBinary, bundle, namespace: namespace, id: id)
                    try await removeBundle()
                }
            } else {
                isClosing = true
                await shim?.close()
                _ = await environment.launcher.cleanUp(record.shimBinary, bundle, namespace: namespace, id: id)
                try await free()
            }
            shim = nil
            steps.done("shim and bundle")
            if let exit = first.phase.exit { publishExit(exit, of: first) }
            try await removeRows(.deleted)
            steps.done("rows")
        } catch {
            note(.deleteFailed, of: first)
            deletion = nil
            throw error.during("delete task")
        }
        note(.deleted, of: first)
        finish()
        return first.phase.exit
    }

    /// - Returns: false when the shim did not do its part and its clean-up call has to.
    private func deleteInShim(_ shim: ShimClient) async throws(EngineError) -> Bool {
        do throws(EngineError) {
            let report = try await shim.delete(nil)
            // A created task that never ran has ended by being deleted; that is no exit that anybody waits for.
            if first.phase.exit == nil, first.phase.pid != 0 { note(.exited(pid: nil, report.exit), of: first) }
            return true
        } catch {
            // Not there any more: an earlier deletion came this far.
            if error.code == .notFound { return true }
            if error.code == .unavailable { return false }
            throw error
        }
    }

    private func shutDown(_ shim: ShimClient) async {
        do throws(EngineError) {
            try await shim.shutdown()
            await shim.close()
        } catch {
            log.warning("shim did not shut down, it is killed", metadata: ["error": "\(error)"])
            await shim.close()
            await killShim()
        }
    }

    /// Kills the shim's process, if the number still means it: its working directory is the bundle, removed or not.
    private func killShim() async {
        guard let number = record.shimPid, number > 0 else { return }
        let path = bundle.path
        let timeout = configuration.timeouts.kill
        do {
            try await BlockingWork.run { () throws(EngineError) in
                let process = try PidFD(of: number)
                let directory = ProcessSearch.workingDirectory(of: number)
                guard directory == path || directory == "\(path) (deleted)" else { return }
                try process.send(9)
                _ = process.waitForEnd(timeout: timeout)
            }
        } catch {
            if error.code != .notFound { log.error("shim could not be killed", metadata: ["error": "\(error)"]) }
        }
    }

    private func removeBundle() async throws(EngineError) {
        let bundle = bundle
        try await BlockingWork.run { () throws(EngineError) in try bundle.remove() }
    }

    /// Why a task's row goes.
    enum Removal: Sendable { case deleted, undone }

    func removeRows(_ removal: Removal) async throws(EngineError) {
        let record = record
        let hooks = environment.hooks
        do {
            let followUp = try await environment.store.write { transaction in
                try transaction.deleteTask(record.namespace, record.id)
                return try hooks.removing(transaction, record, removal == .undone)
            }
            await followUp?()
        } catch {
            throw EngineError(wrapping: error)
        }
    }
}
