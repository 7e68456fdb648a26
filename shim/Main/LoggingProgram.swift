import CShim

/// A running `binary://` logger: reads a process's output on its descriptors 3 and 4, says on 5 that it is ready.
final class LoggingProgram {
    private let loop: EventLoop
    private let address: LoggingAddress
    private var pid: pid_t = 0
    private var ready = OwnedFD()
    private var readyWatch: Watch?
    private var timer: Timer?
    private(set) var hasExited = false
    private var isReady = false
    private var isEnding = false
    private var isAskedToEnd = false
    /// Called once: ready, or why not.
    var onReady: ((RPCError?) -> Void)?
    var onExit: (() -> Void)?

    /// What it has for its end once its input is closed, and then once it has been asked: together less than a Delete
    /// waits for output.
    private static let endTime = 2000
    private static let killTime = 6000
    private static let readyTime = 30_000

    /// Starts the program. `stdout` and `stderr` are the pipes' read ends, which the caller closes.
    init(
        _ address: LoggingAddress, _ context: StdioContext, stdout: Int32, stderr: Int32
    ) throws(RPCError) {
        loop = context.loop
        self.address = address
        let pipe = try Stdio.makePipe()
        ready.replace(adopting: pipe.reader)
        let theirs = OwnedFD(adopting: pipe.writer)
        var spawn = Spawn(
            program: address.path, arguments: [address.path] + address.arguments,
            descriptors: [context.null, context.null, context.null, stdout, stderr, theirs.raw])
        // Nothing of ours: a logger is told whose output it has, and no more.
        spawn.environment = ["CONTAINER_ID=" + context.id, "CONTAINER_NAMESPACE=" + context.namespace]
        spawn.inheritsEnvironment = false
        spawn.renouncingPrivileges = true
        do throws(SystemError) {
            pid = try spawn.start()
        } catch {
            throw RPCError(.unknown, "failed to start logging binary: \(error.text)")
        }
        context.adopt(pid) { [self] in exited() }
        _ = shim_set_nonblocking(ready.raw)
        readyWatch = loop.add(ready.raw, Ready.input) { [self] _ in readReady() }
        timer = loop.after(Self.readyTime) { [self] in settle(notReady("in time")) }
    }

    var isWaiting: Bool { !isReady }

    /// Its input has ended: lets it finish, asks it to, makes it.
    func end() {
        guard !hasExited, !isEnding else { return }
        isEnding = true
        timer?.cancel()
        timer = loop.after(Self.endTime) { [self] in terminate() }
    }

    /// Nobody waits for it any longer.
    func terminate() {
        guard !hasExited, !isAskedToEnd else { return }
        isEnding = true
        isAskedToEnd = true
        timer?.cancel()
        _ = kill(pid, SIGTERM)
        timer = loop.after(Self.killTime) { [self] in if !hasExited { _ = kill(pid, SIGKILL) } }
    }

    private func readReady() {
        var byte: UInt8 = 0
        let count = retrying { read(ready.raw, &byte, 1) }
        if count < 0, shim_errno() == EAGAIN { return }
        settle(
            count == 1 || (count == 0 && !address.mustReportReady) ? nil : notReady("before it closed its descriptor"))
    }

    private func notReady(_ when: Text) -> RPCError {
        RPCError(.unknown, "logging binary \(address.path) did not call ready \(when)")
    }

    private func settle(_ error: RPCError?) {
        guard !isReady else { return }
        isReady = true
        timer?.cancel()
        timer = nil
        loop.remove(&readyWatch)
        ready.close()
        if error != nil, !hasExited { _ = kill(pid, SIGKILL) }
        let notify = onReady
        onReady = nil
        notify?(error)
    }

    private func exited() {
        hasExited = true
        // Its copy of the descriptor is closed by now, so the pipe says what is to be said; but a child of it, to which
        // it has left its work, still has the time that it had.
        if !isReady { readReady() }
        if isReady {
            timer?.cancel()
            timer = nil
        }
        let notify = onExit
        onExit = nil
        notify?()
    }
}
