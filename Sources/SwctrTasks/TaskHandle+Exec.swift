import Foundation
public import SwctrCore
import SwctrMetadata
import SwctrRuntime

extension TaskHandle {
    /// Runs one more process and returns its pid once it runs.
    ///
    /// - Parameters:
    ///   - process: the OCI process, JSON.
    ///   - deleteOnExit: forget it once it has ended; whoever waits for it by then gets its status.
    /// - Throws: `.alreadyExists` for an exec id in use; `.failedPrecondition` when the task does not run; what the
    ///   shim says. Nothing of the exec is left then.
    public func exec(
        _ execID: ExecID, process: [UInt8], stdio: TaskStdio, consoleSize: ConsoleSize? = nil, deleteOnExit: Bool
    ) async throws(EngineError) -> UInt32 {
        let shim = try connectedShim()
        guard first.phase.state == .running else {
            let state = first.phase.state
            throw EngineError(
                .failedPrecondition, subject: subject, message: "cannot exec in a \(state.word) state",
                hint: state == .paused ? "use swctr tasks resume \(id)" : "")
        }
        if execs[execID] != nil {
            throw EngineError(
                .alreadyExists, subject: "exec \"\(execID)\" of \(subject)", message: "already exists",
                hint: "choose another --exec-id")
        }
        let entry = ProcessEntry(execID: execID, stdio: stdio, deleteOnExit: deleteOnExit)
        execs[execID] = entry
        environment.exits.forget(namespace: namespace, id: id, execID: execID)
        var record = ExecRecord(
            namespace: namespace, id: id, execID: execID, stdin: stdio.stdin, stdout: stdio.stdout,
            stderr: stdio.stderr, terminal: stdio.terminal)
        do {
            try await environment.store.write { [record] in try $0.createExec(record) }
            let isOwn = RuntimeRegistry.isOwnShim(self.record.shimBinary)
            try await shim.exec(execID, process: process, stdio: isOwn ? stdio : stdio.complete)
            note(.created(pid: 0), of: entry)
            if let consoleSize, stdio.terminal {
                // Before the process: what it first asks for is the right size. The terminal exists from Start on with
                // some shims, which then ignore this.
                try? await shim.resizePty(execID, width: consoleSize.width, height: consoleSize.height)
            }
            try apply(.startRequested, to: entry)
            let pid = try await shim.start(execID)
            let effect = note(.started(pid: pid), of: entry)
            record.pid = Int32(clamping: entry.phase.pid)
            record.status = entry.phase.state.status
            if case .exited(let exit) = effect {
                record.exitStatus = exit.status.code
                record.exitedAt = exit.exitedAt
            }
            try await environment.store.write { [record] in try $0.updateExec(record) }
            if let consoleSize, stdio.terminal {
                try? await shim.resizePty(execID, width: consoleSize.width, height: consoleSize.height)
            }
            watch(entry)
            if case .exited(let exit) = effect { announce(exit, of: entry) }
            return pid
        } catch {
            note(.startFailed, of: entry)
            if entry.phase.isAlive { try? await shim.kill(execID, signal: 9, all: false) }
            _ = try? await shim.delete(execID)
            await forget(entry, execID)
            throw EngineError(wrapping: error).during("exec")
        }
    }
}
