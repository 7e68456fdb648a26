import Glibc
import SwctrCore
import SwctrLinux
import SwctrProto
import SwctrWire
import SwiftProtobuf

/// What a foreground process says to the manager and hears from it.
extension ForegroundProcess {
    /// The manager is not there.
    final class Absence {
        /// The nearest folder that exists above its socket.
        let watch: DirectoryWatch
        /// Set while somebody has made the socket and does not listen yet, or answers that it is not ready.
        var retryAt: ContinuousClock.Instant?
        var delay: Duration = .milliseconds(10)

        init(watch: consuming DirectoryWatch, retryAt: ContinuousClock.Instant?) {
            self.watch = watch
            self.retryAt = retryAt
        }
    }

    func begin(_ beginning: Beginning) throws(EngineError) {
        switch beginning {
        case .call(let method, let request):
            main = try client.connection.open(
                ServiceName.tasks, method, request, shape: .serverStream, namespace: client.options.namespace.rawValue,
                timeout: client.deadline.remaining)
        case .attach:
            hasStarted = true
            policy.isReachable = true
            try wait()
            if isTerminal { resize() }
        }
    }

    /// Asks for the exit status of a process that runs.
    private func wait() throws(EngineError) {
        var request = Swctr_V1_WaitTaskRequest()
        request.id = id
        request.execID = execID
        isWaiting = true
        main = try client.connection.open(
            ServiceName.tasks, "Wait", request, shape: .unary, namespace: client.options.namespace.rawValue,
            timeout: client.deadline.remaining)
    }

    /// Takes in what the manager has said.
    func hear() throws(EngineError) {
        while exit == nil, let stream = main, let event = client.connection.take(stream) {
            switch event {
            case .message(let bytes):
                if isWaiting {
                    let response: Swctr_V1_WaitTaskResponse = try decode(bytes)
                    ended(response.exited)
                } else {
                    let event: Swctr_V1_ProcessEvent = try decode(bytes)
                    switch event.event {
                    case .started: started()
                    case .exited(let exited): ended(exited)
                    case nil: break
                    }
                }
            case .ended:
                main = nil
                if exit == nil {
                    throw EngineError(.internal, message: "the manager ended the call without an exit status")
                }
            case .failed(let error):
                main = nil
                try failed(error)
            }
        }
        for stream in requests where client.connection.take(stream) != nil {
            client.connection.forget(stream)
            requests.remove(stream)
        }
        if case .asked(let stream) = closeIO, let event = client.connection.take(stream) {
            switch event {
            case .message: client.connection.forget(stream)
            case .ended, .failed: break
            }
            // A process that is gone has no stdin to close; only a lost manager has to be asked again.
            closeIO = client.connection.loss == nil ? .done : .wanted
        }
        if exit == nil, let loss = client.connection.loss, absence == nil { try failed(loss) }
    }

    private func started() {
        hasStarted = true
        policy.isReachable = true
        for signal in policy.takeKept() { kill(signal) }
        // The window may have been resized between the request and now.
        if isTerminal { resize() }
    }

    private func ended(_ exited: Swctr_V1_ProcessExited) {
        exit = exited
        policy.hasExited = true
        policy.isReachable = false
        absence = nil
        input?.finish()
        // A FIFO that nobody ever opened on the other side is silent for ever; only a look tells that it has ended.
        for pump in outputs where pump.wantsSource { pump.move() }
    }

    private func failed(_ error: EngineError) throws(EngineError) {
        let isManagerGone = error.code == .unavailable || error.code == .cancelled
        if isManagerGone, !hasStarted {
            // Output is proof of a start that the manager had no more time to tell of.
            for pump in outputs where pump.wantsSource { pump.move() }
            hasStarted = outputs.contains { $0.total > 0 }
        }
        guard isManagerGone, hasStarted else {
            if isWaiting, error.code == .notFound { throw Self.statusLost(error) }
            if isManagerGone, client.connection.loss != nil {
                throw EngineError(
                    .unavailable, message: "the manager went away before it said that the process was started",
                    hint: "swctr tasks ls shows what became of it", causes: [error.description])
            }
            throw error
        }
        policy.isReachable = false
        // One that answers and is not ready yet is given a moment, and is not spoken of again and again.
        let isRepeated = lastAbsence.map { $0.duration(to: .now) < .seconds(1) } ?? false
        lastAbsence = .now
        if !isRepeated { notify("manager is gone; waiting for it to come back") }
        let folder = DirectoryWatch.parent(of: client.options.address)
        absence = Absence(
            watch: try DirectoryWatch(nearest: folder), retryAt: isRepeated ? .now + .milliseconds(100) : .now)
    }

    /// Not an exit status: the caller has to tell it from those of a process.
    private static func statusLost(_ error: EngineError) -> EngineError {
        EngineError(
            .dataLoss, message: "the manager no longer knows the process, so its exit status is lost",
            causes: [error.description])
    }

    /// Connects again if somebody listens.
    func lookForManager(wasWoken: Bool) throws(EngineError) {
        var isDue = false
        if let moment = absence?.retryAt { isDue = moment <= .now }
        guard wasWoken || isDue else { return }
        let folder = DirectoryWatch.parent(of: client.options.address)
        if wasWoken {
            absence?.watch.drain()
            // Folders may have come or gone; the new watch stands before we look, so that nothing falls between.
            if absence?.watch.path != folder || access(folder, F_OK) != 0 {
                absence = Absence(watch: try DirectoryWatch(nearest: folder), retryAt: nil)
            }
        }
        do {
            try client.reconnect()
        } catch {
            // A socket that is there and refuses was bound a moment ago or left behind; its listener's next step
            // is no event of the folder's, so this one case is tried again after a while, ever more slowly.
            let delay = absence?.delay ?? .seconds(1)
            absence?.retryAt = access(client.options.address, F_OK) == 0 ? .now + delay : nil
            absence?.delay = min(delay * 2, .seconds(1))
            return
        }
        absence = nil
        requests = []
        if case .asked = closeIO { closeIO = .wanted }
        try wait()
        policy.isReachable = true
        for signal in policy.takeKept() { kill(signal) }
        if isTerminal { resize() }
    }

    func handle(_ signal: SignalFD.Arrival) throws(EngineError) {
        // Our own broken pipe, not somebody's wish.
        if signal.number == SIGPIPE && signal.sender == getpid() { return }
        switch policy.action(for: signal.number) {
        case .forward: kill(signal.number)
        case .resize:
            // Whoever was stopped by somebody else comes back to a terminal that the shell has set its own way.
            if signal.number == SIGCONT {
                raw?.suspend()
                try? raw?.resume()
            }
            resize()
        case .leave: left = signal.number
        case .stop: stop()
        case .finish: isFinishing = true
        case .keep, .ignore: break
        }
    }

    private func kill(_ signal: Int32) {
        var request = Swctr_V1_KillTaskRequest()
        request.id = id
        request.execID = execID
        request.signal = UInt32(signal)
        tell("Kill", request)
    }

    private func resize() {
        guard hasStarted, absence == nil, let size = try? Terminal.size(of: host.input) else { return }
        var request = Swctr_V1_ResizeTaskPtyRequest()
        request.id = id
        request.execID = execID
        request.size.width = UInt32(size.columns)
        request.size.height = UInt32(size.rows)
        tell("ResizePty", request)
    }

    /// Stops as the shell expects it from a job, and takes the terminal again afterwards.
    private func stop() {
        raw?.suspend()
        Signal.raiseDefault(SIGTSTP)
        try? raw?.resume()
        resize()
    }

    /// Once the input has ended and the process is there, lets its stdin end too. The shim holds the FIFO open so that
    /// a client may go and another come: closing our side alone is no end of file.
    func closeInput() {
        if case .unasked = closeIO, let input, input.hasEnded, exit == nil { closeIO = .wanted }
        guard case .wanted = closeIO, hasStarted, absence == nil, exit == nil else { return }
        var request = Swctr_V1_CloseTaskIORequest()
        request.id = id
        request.execID = execID
        if let stream = tell("CloseIO", request) {
            requests.remove(stream)
            closeIO = .asked(stream)
        }
    }

    /// A request whose answer changes nothing: the process may have ended meanwhile.
    @discardableResult
    private func tell(_ method: String, _ request: any Message) -> Connection.Stream? {
        let stream = try? client.connection.open(
            ServiceName.tasks, method, request, shape: .unary, namespace: client.options.namespace.rawValue,
            timeout: nil)
        if let stream { requests.insert(stream) }
        return stream
    }
}
