public import SwctrCore
import SwctrProto
import SwctrMetadata
public import SwiftProtobuf

extension TaskHandle {
    /// - Parameters:
    ///   - signal: a number; whether it exists is the kernel's to say.
    ///   - all: every process of the container; only without an exec id.
    /// - Throws: `.notFound` when the process has ended.
    public func kill(_ execID: ExecID? = nil, signal: UInt32, all: Bool = false) async throws(EngineError) {
        let entry = try process(execID)
        if entry.phase.state == .stopped {
            throw EngineError(.notFound, subject: subject, message: "process already finished")
        }
        try await connectedShim().kill(execID, signal: signal, all: all)
    }

    public func pause() async throws(EngineError) {
        let shim = try connectedShim()
        try apply(.pauseRequested, to: first)
        do throws(EngineError) {
            try await shim.pause()
        } catch {
            note(.pauseFailed, of: first)
            throw error
        }
        note(.paused, of: first)
        try await storeStatus()
    }

    public func resume() async throws(EngineError) {
        let shim = try connectedShim()
        try apply(.resumeRequested, to: first)
        do throws(EngineError) {
            try await shim.resume()
        } catch {
            note(.resumeFailed, of: first)
            throw error
        }
        note(.resumed, of: first)
        try await storeStatus()
    }

    private func storeStatus() async throws(EngineError) {
        record.status = first.phase.state.status
        try await store()
    }

    /// Every process in the container, in the shim's order; none once it has stopped.
    public func processes() async throws(EngineError) -> [TaskProcess] {
        if first.phase.state == .stopped { return [] }
        return try await connectedShim().pids().map { process in
            var execID = ""
            if process.hasInfo, process.info.isA(Containerd_Runc_V1_ProcessDetails.self),
                let details = try? Containerd_Runc_V1_ProcessDetails(serializedBytes: process.info.value)
            {
                execID = details.execID
            }
            return TaskProcess(pid: process.pid, execID: execID)
        }
    }

    /// What the task has used, in the message that its shim answers with.
    ///
    /// - Throws: `.failedPrecondition` once it has stopped: its cgroup is gone.
    public func metrics() async throws(EngineError) -> Google_Protobuf_Any {
        if first.phase.state == .stopped {
            throw EngineError(.failedPrecondition, subject: subject, message: "has stopped, and its numbers with it")
        }
        return try await connectedShim().stats()
    }

    public func resizePty(_ execID: ExecID? = nil, to size: ConsoleSize) async throws(EngineError) {
        _ = try process(execID)
        try await connectedShim().resizePty(execID, width: size.width, height: size.height)
    }

    /// Lets the process see the end of its standard input once what was written to it is read.
    public func closeStdin(_ execID: ExecID? = nil) async throws(EngineError) {
        _ = try process(execID)
        try await connectedShim().closeStdin(execID)
    }
}
