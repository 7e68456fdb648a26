import Foundation
import Logging
import SwctrCore
import SwctrMetadata
import SwctrProto
import SwiftProtobuf

extension TaskHandle {
    /// Asks the shim for the process's end. The answer is evidence that does not depend on events: those may get lost
    /// while nobody listens, and some shims do not send them.
    func watch(_ entry: ProcessEntry) {
        guard !entry.isWatched, let shim else { return }
        entry.isWatched = true
        let execID = entry.execID
        let pid = entry.phase.pid
        Task { [weak self] in
            guard let exit = try? await shim.wait(execID) else { return }
            // With the pid as it was known when we asked: an exec of the same name may have followed.
            await self?.ended(execID, pid: pid, exit)
        }
    }

    func watchConnection(of shim: ShimClient) {
        Task { [weak self] in
            await shim.waitUntilClosed()
            await self?.connectionClosed(shim)
        }
    }

    /// A process has ended, by an event or by an answer. It may be told any number of times, early or late.
    func ended(_ execID: ExecID?, pid: UInt32?, _ exit: ProcessExit) async {
        guard let entry = try? process(execID) else { return }
        guard case .exited(let exit) = note(.exited(pid: pid, exit), of: entry) else { return }
        do throws(EngineError) {
            try await storeExit(exit, of: entry)
        } catch {
            // Those who wait are told all the same. But the shim is left alone: it keeps the status until Delete, and it
            // alone does.
            log.error("exit could not be stored", metadata: ["error": "\(error)"])
            return tell(exit, of: entry)
        }
        announce(exit, of: entry)
    }

    private func storeExit(_ exit: ProcessExit, of entry: ProcessEntry) async throws(EngineError) {
        guard let execID = entry.execID else {
            record.note(exit)
            return try await store()
        }
        let (namespace, id) = (namespace, id)
        do {
            try await environment.store.write { transaction in
                guard var record = try transaction.exec(namespace, id, execID) else { return }
                record.status = .stopped
                record.exitStatus = exit.status.code
                record.exitedAt = exit.exitedAt
                try transaction.updateExec(record)
            }
        } catch {
            throw EngineError(wrapping: error)
        }
    }

    /// The exit is stored: goes on with what is to follow it, and tells those who wait.
    func announce(_ exit: ProcessExit, of entry: ProcessEntry) {
        if entry.deleteOnExit, entry.aftermath == nil, !isDisconnected {
            // Begun before anybody is told, so that whoever is told can wait for it.
            let execID = entry.execID
            entry.aftermath = Task {
                do throws(EngineError) {
                    _ = try await self.delete(execID, force: false)
                } catch {
                    self.log.warning("could not delete after the exit", metadata: ["error": "\(error)"])
                }
            }
        }
        tell(exit, of: entry)
    }

    private func tell(_ exit: ProcessExit, of entry: ProcessEntry) {
        log.debug(
            "process ended",
            metadata: [
                "exec.id": "\(entry.execID?.rawValue ?? "")", "status": "\(exit.status)", "reason": "\(exit.reason)",
            ])
        environment.exits.keep(exit, namespace: namespace, id: id, execID: entry.execID)
        entry.ended.set(.success(exit))
    }

    /// Publishes an exit that no shim will publish, or has published while nobody listened.
    func publishExit(_ exit: ProcessExit, of entry: ProcessEntry) {
        let process = entry.execID?.rawValue ?? id.rawValue
        let key = ExitRegister.Key(
            namespace: namespace.rawValue, container: id.rawValue, process: process, pid: entry.phase.pid)
        guard environment.exits.claim(key) else { return }
        var message = Containerd_Events_TaskExit()
        message.containerID = id.rawValue
        message.id = process
        message.pid = entry.phase.pid
        message.exitStatus = exit.status.code
        message.exitedAt = Google_Protobuf_Timestamp(date: exit.exitedAt)
        environment.bus.publish(namespace: namespace.rawValue, topic: "/tasks/exit", message)
    }
}
