import Glibc
import SwctrClient
import SwctrCore
import SwctrLinux
import SwctrProto
import SwctrWire
import SwiftProtobuf

/// Starts a process, by whichever call, and stays with it or leaves it.
struct ProcessRun {
    let client: Client
    var id: String
    /// Empty for the container's own process.
    var execID = ""
    var terminal: Bool
    var detach: Bool
    var destination: StreamDestination
    var host = ForegroundProcess.Host()

    /// - Parameters:
    ///   - method: of the Tasks service: Run, Start, Exec.
    ///   - request: made from the streams and the terminal's size.
    /// - Returns: the process's exit status, 0 for one that is left alone.
    func start(
        _ method: String, _ request: (Swctr_V1_Stdio, Swctr_V1_ConsoleSize?) -> any Message
    ) throws(EngineError) -> Int32 {
        let fifos: FIFOSet
        var stdio = Swctr_V1_Stdio()
        switch destination {
        case .null: fifos = FIFOSet(existing: stdio)
        case .uri(let uri):
            fifos = FIFOSet(existing: stdio)
            stdio.stdout = uri
            // A terminal has one output.
            stdio.stderr = terminal ? "" : uri
        case .fifos(let parent):
            let folder = if let parent { absolutePath(parent) } else { try FIFOSet.defaultParent() }
            fifos = try FIFOSet(creating: execID.isEmpty ? id : execID, below: folder, terminal: terminal)
            stdio = fifos.stdio(terminal: terminal)
        }
        stdio.terminal = terminal
        let message = request(stdio, terminal ? Self.consoleSize : nil)
        if detach { return try leave(method, message, fifos) }
        return try stay(.call(method: method, request: message), fifos) ?? 0
    }

    /// Joins a process that runs.
    ///
    /// - Returns: its exit status; nil where the user left it.
    func attach(_ stdio: Swctr_V1_Stdio) throws(EngineError) -> Int32? {
        try stay(.attach, FIFOSet(existing: stdio))
    }

    private func leave(_ method: String, _ request: any Message, _ fifos: FIFOSet) throws(EngineError) -> Int32 {
        var hasStarted = false
        do throws(EngineError) {
            // The shim opens its sides while it creates the process, and waits for ours to be there.
            let readers = try Readers(fifos)
            defer { extendLifetime(readers) }
            try client.stream(ServiceName.tasks, method, request, returning: Swctr_V1_ProcessEvent.self) { event in
                if case .started = event.event { hasStarted = true }
                return !hasStarted
            }
            if !hasStarted { throw EngineError(.internal, message: "the manager did not say that the process started") }
        } catch {
            fifos.remove()
            throw error
        }
        return 0
    }

    private struct Readers: ~Copyable {
        var stdout: OwnedFD?
        var stderr: OwnedFD?

        init(_ fifos: FIFOSet) throws(EngineError) {
            let out = fifos.stdout.isEmpty ? nil : try FIFO.openReader(at: fifos.stdout)
            let err = fifos.stderr.isEmpty ? nil : try FIFO.openReader(at: fifos.stderr)
            stdout = out
            stderr = err
        }
    }

    /// - Returns: nil where the user left by the detach keys.
    private func stay(_ beginning: ForegroundProcess.Beginning, _ fifos: FIFOSet) throws(EngineError) -> Int32? {
        let outcome: ForegroundProcess.Outcome
        do throws(EngineError) {
            let process = try ForegroundProcess(
                client, id: id, execID: execID, fifos: fifos, terminal: terminal, host: host, notify: Self.notify)
            outcome = try process.run(beginning)
        } catch {
            // Of a process that may run after all the FIFOs are left, so that it can be attached to.
            if error.code != .unavailable, error.code != .deadlineExceeded { fifos.remove() }
            throw error
        }
        switch outcome {
        case .exited(let status, let reason):
            fifos.remove()
            if !reason.isEmpty { complain("\(execID.isEmpty ? id : execID): \(reason)") }
            return Int32(status & 0xff)
        case .detached: return nil
        case .left(let signal):
            Signal.raiseDefault(signal)
            return 128 + signal
        }
    }

    /// A terminal in raw mode needs the carriage return, and no other is disturbed by it.
    private static func notify(_ line: String) {
        complain(Terminal.isTerminal(STDERR_FILENO) ? "\(line)\r" : line)
    }

    private static var consoleSize: Swctr_V1_ConsoleSize? {
        guard let size = try? Terminal.size(of: STDIN_FILENO) else { return nil }
        var message = Swctr_V1_ConsoleSize()
        message.width = UInt32(size.columns)
        message.height = UInt32(size.rows)
        return message
    }
}
