import Foundation
import Logging
import SwctrCore
import SwctrMetadata
import SwctrProto

extension TaskHandle {
    /// Goes on, in a new manager, with what the former one left: by evidence alone, the shim's own word where it answers.
    func recover() async {
        let isUnfinished = record.status == .creating
        await restoreExecs()
        guard let shim = await knownShim() else {
            // Before its address was known a shim can only be found by its folder; both ways of cleaning up look there.
            if isUnfinished { return await abandon() }
            log.warning("shim did not outlive the former manager")
            await lost()
            return resumeDeletion()
        }
        self.shim = shim
        drain = try? ShimLogDrain(fifo: bundle.log, log: log)
        do throws(EngineError) {
            let state = try await shim.state(nil)
            if state.status == .created || state.status == .unknown, isUnfinished { return await abandon() }
            await adopt(shim, state)
        } catch {
            switch error.code {
            case .deadlineExceeded:
                // Slow is not dead. What was recorded stays true until the shim says otherwise.
                log.warning("shim does not answer, it is watched", metadata: ["error": "\(error)"])
                adopt(shim)
            case .notFound where isUnfinished:
                return await abandon()
            case .notFound where first.phase.exit != nil:
                // The container was deleted in it already; the rest of the deletion is ours.
                log.debug("going on with a deletion")
                _ = try? await delete(force: false)
                return
            default:
                log.warning("shim is of no use any more", metadata: ["error": "\(error)"])
                await shim.close()
                await lost()
            }
        }
        resumeDeletion()
    }

    private func knownShim() async -> ShimClient? {
        let address = record.shimAddress.isEmpty ? bundle.writtenAddress : record.shimAddress
        guard let address,
            let answer = try? BootstrapAnswer(version: max(2, record.shimVersion), address: address)
        else { return nil }
        record.shimAddress = answer.address
        return try? await connect(to: answer)
    }

    private func adopt(_ shim: ShimClient, _ state: Containerd_Task_V2_StateResponse) async {
        let known = first.phase.exit
        first.phase = TaskPhase(restoring: Self.phase(state.status), pid: state.pid, exit: known)
        record.pid = Int32(clamping: state.pid)
        record.status = first.phase.state.status
        let exit = Self.exit(state)
        if known == nil, let exit { record.note(exit) }
        let record = record
        do {
            try await environment.store.write { transaction in
                try transaction.updateTask(record)
                try transaction.removeIntents(record.namespace, .run, subject: record.id.rawValue)
            }
        } catch {
            log.error("recovered task could not be stored", metadata: ["error": "\(error)"])
        }
        if known == nil, let exit, case .exited(let exit) = note(.exited(pid: nil, exit), of: first) {
            // It ended while nobody listened.
            announce(exit, of: first)
            publishExit(exit, of: first)
        }
        for entry in Array(execs.values) { await adopt(entry, shim) }
        adopt(shim)
    }

    private func adopt(_ entry: ProcessEntry, _ shim: ShimClient) async {
        guard let execID = entry.execID, entry.phase.exit == nil else { return }
        do throws(EngineError) {
            let state = try await shim.state(execID)
            entry.phase = TaskPhase(restoring: Self.phase(state.status), pid: state.pid, exit: nil)
            if let exit = Self.exit(state) {
                await ended(execID, pid: nil, exit)
                publishExit(exit, of: entry)
            } else if state.status == .created || state.status == .stopped {
                // It never ran: the call that made it died with the former manager.
                _ = try? await shim.delete(execID)
                await forget(entry, execID)
            }
        } catch {
            if error.code == .notFound { await forget(entry, execID) }
        }
    }

    private func restoreExecs() async {
        let (namespace, id) = (namespace, id)
        do {
            for record in try await environment.store.read({ try $0.execs(namespace, id) }) {
                var exit: ProcessExit?
                if let status = record.exitStatus {
                    exit = ProcessExit(status: ExitStatus(code: status), exitedAt: record.exitedAt ?? Date())
                }
                let stdio = TaskStdio(
                    stdin: record.stdin, stdout: record.stdout, stderr: record.stderr, terminal: record.terminal)
                let phase = TaskPhase(
                    restoring: exit == nil ? .running : .stopped, pid: UInt32(clamping: record.pid ?? 0), exit: exit)
                execs[record.execID] = ProcessEntry(execID: record.execID, stdio: stdio, phase: phase)
            }
        } catch {
            log.error("execs could not be read", metadata: ["error": "\(error)"])
        }
    }

    /// A task that was to be deleted at its exit, and has ended, is deleted now.
    private func resumeDeletion() {
        guard let exit = first.phase.exit, first.deleteOnExit, first.aftermath == nil else { return }
        announce(exit, of: first)
    }

    private static func phase(_ status: Containerd_Task_V2_Status) -> TaskPhase.State {
        switch status {
        case .created: .created
        case .running, .pausing: .running
        case .paused: .paused
        case .stopped: .stopped
        // A shim that cannot say is watched as if it ran.
        case .unknown, .UNRECOGNIZED: .running
        }
    }

    private static func exit(_ state: Containerd_Task_V2_StateResponse) -> ProcessExit? {
        guard state.status == .stopped, let date = state.exitedAt.exitDate else { return nil }
        return ProcessExit(status: ExitStatus(code: state.exitStatus), exitedAt: date)
    }
}

extension TaskPhase {
    /// As a row of the store says it.
    init(restoring record: TaskRecord) {
        let state: State =
            switch record.status {
            case .creating: .creating
            case .created: .created
            case .running, .pausing, .unknown: .running
            case .paused: .paused
            case .stopped: .stopped
            }
        self.init(restoring: state, pid: UInt32(clamping: record.pid ?? 0), exit: record.exit)
    }
}
