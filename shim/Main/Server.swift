import CShim

/// The serving shim: all of its state, and the loop that changes it.
final class Server {
    let arguments: Arguments
    let loop: EventLoop
    let log: Log
    let publisher: Publisher
    let scratch: Scratch
    let logs: LogFiles
    /// /dev/null, for streams that nobody wants.
    let null: OwnedFD

    var containers: [Container] = []
    /// Ids whose Create has not been answered.
    var creating: [Text] = []
    var commands: [RunningCommand] = []
    var earlyExits = EarlyExits()

    /// Where clients find us; the path is empty for a listener that has none.
    let address: ShimAddress
    private(set) var connections: [Connection] = []
    private(set) var isStopping = false
    private var listener: OwnedFD
    private var signals: OwnedFD
    private var listenerWatch: Watch?
    private var signalWatch: Watch?
    private var report: ReportListener?

    /// More clients than any daemon needs.
    private static let maximumConnections = 256
    /// How long unsent events may hold up the end.
    private static let flushTime = 3000

    init(_ arguments: Arguments) throws(SystemError) {
        self.arguments = arguments
        loop = try EventLoop()
        log = Log(isDebug: arguments.isDebug)
        null = OwnedFD(adopting: Text("/dev/null").withCString { shim_open($0, O_RDWR | O_NOCTTY, 0) })
        signals = OwnedFD(adopting: shim_signal_descriptor())
        guard null.isOpen else { throw SystemError("open /dev/null") }
        guard signals.isOpen else { throw SystemError("signalfd") }
        scratch = try Scratch(loop: loop)
        logs = LogFiles(log: log, scratch: scratch)
        publisher = Publisher(loop: loop, log: log, path: Environment.value("TTRPC_ADDRESS") ?? "")
        // What passes through here is the containers' own. An operator who debugs may want the core; a user other than root
        // could no longer look at its own /proc/self.
        if geteuid() == 0, !arguments.isDebug, shim_become_undumpable() != 0 { throw SystemError("forbid core dumps") }
        if shim_become_subreaper() != 0 { throw SystemError("become subreaper") }
        if arguments.socket.isEmpty {
            listener = OwnedFD(adopting: 3)
            _ = shim_close_on_exec(3)
            address = ShimAddress(path: UnixSocket.path(of: 3))
        } else {
            address = ShimAddress(path: arguments.socket)
            listener = try UnixSocket.listen(at: arguments.socket)
        }
        guard listener.isOpen, shim_set_nonblocking(listener.raw) == 0 else {
            throw SystemError("listen on descriptor 3")
        }
        publisher.program = PublishProgram(
            arguments, null: null.raw,
            adopt: { [self] pid, ended in
                commands.append(RunningCommand(pid: pid, output: -1, logOffset: 0) { ended($0.isSuccess) })
            })
        if !arguments.debugSocket.isEmpty {
            do throws(SystemError) {
                report = try ReportListener(loop: loop, path: arguments.debugSocket) { [self] in stateReport() }
            } catch {
                // Nothing that containers depend on.
                log.warning("no debug socket: \(error.text)")
            }
        }
    }

    func run() {
        listenerWatch = loop.add(listener.raw, Ready.input) { [self] _ in accept() }
        signalWatch = loop.add(signals.raw, Ready.input) { [self] _ in readSignals() }
        loop.run()
    }

    /// Ends the shim: no new clients, the socket's name is free, events are sent, then the loop returns.
    func stop() {
        guard !isStopping else { return }
        isStopping = true
        loop.remove(&listenerWatch)
        // The name first: once the listener is closed, a new shim of the group may have taken it.
        if !address.path.isEmpty { Files.remove(address.path) }
        listener.close()
        report?.close()
        if containers.isEmpty {
            for command in commands where command.isLogger { _ = CShim.kill(command.pid, SIGKILL) }
        }
        publisher.flush(limit: Self.flushTime) { [self] in loop.stop() }
    }

    private func accept() {
        // A few at a time: those who have left again must be noticed before they count as too many.
        for _ in 0..<16 {
            let socket = OwnedFD(adopting: accept4(listener.raw, nil, nil, SOCK_CLOEXEC | SOCK_NONBLOCK))
            guard socket.isOpen else {
                if shim_errno() != EAGAIN { loop.rest(listenerWatch) }
                return
            }
            guard UnixSocket.peerIsOurselves(socket.raw) else { continue }
            if connections.count >= Self.maximumConnections, !dropIdlest() { continue }
            connections.append(
                Connection(
                    loop: loop, socket: socket,
                    onRequest: { [self] connection, stream, body in dispatch(connection, stream, body) },
                    onClose: { [self] connection in closed(connection) }))
        }
    }

    /// Makes room for a new client at the cost of one who has never completed a request; false if all have.
    private func dropIdlest() -> Bool {
        var idlest: Connection?
        for candidate in connections where !candidate.hasCompletedRequest {
            if candidate.lastActivity < idlest?.lastActivity ?? Int.max { idlest = candidate }
        }
        idlest?.close()
        return idlest != nil
    }

    private func closed(_ connection: Connection) {
        connections.removeAll { $0 === connection }
        for container in containers {
            for process in [container.initProcess] + container.execs {
                process.dropWaiters { $0.connection === connection }
            }
        }
    }

    private func readSignals() {
        var shouldStop = false
        var shouldReopen = false
        var shouldReport = false
        withUnsafeTemporaryAllocation(of: signalfd_siginfo.self, capacity: 4) { buffer in
            while true {
                let count = read(signals.raw, buffer.baseAddress, buffer.count * MemoryLayout<signalfd_siginfo>.stride)
                if count <= 0 { return }
                for index in 0..<count / MemoryLayout<signalfd_siginfo>.stride {
                    switch Int32(bitPattern: buffer[index].ssi_signo) {
                    case SIGTERM, SIGINT: shouldStop = true
                    case SIGHUP: shouldReopen = true
                    case SIGUSR1: shouldReport = true
                    default: break  // SIGCHLD; SIGUSR2 means nothing, and write tells of SIGXFSZ
                    }
                }
            }
        }
        reap()
        if shouldReopen { logs.reopen() }
        if shouldReport { for line in stateReport().split(0x0a) where !line.isEmpty { log.info(line) } }
        if shouldStop { stop() }
    }
}
