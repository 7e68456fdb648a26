import CShim

/// What the shim holds, for an operator: in the log after SIGUSR1, and for whoever connects to the debug socket.
extension Server {
    func stateReport() -> Text {
        var lines: Text =
            "shim \(getpid()): \(containers.count) containers, \(creating.count) being created, \(connections.count) connections, \(commands.count) commands, \(publisher.backlog) events to be sent\n"
        for container in containers {
            lines += "container \(container.id): \(describe(container.initProcess)), bundle \(container.bundle)\n"
            for exec in container.execs { lines += "exec \(exec.execID) of \(container.id): \(describe(exec))\n" }
        }
        for command in commands { lines += "command \(command.pid)\n" }
        for file in logs.all { lines += "log \(file.address.path): \(file.totalDroppedLines) lines dropped\n" }
        return lines
    }

    private func describe(_ process: TaskProcess) -> Text {
        var text: Text = "\(process.phase.name), pid \(process.pid)"
        if let exit = process.exit { text += ", status \(exit.code)" }
        if process.waiterCount > 0 { text += ", \(process.waiterCount) waiting" }
        return text
    }
}

/// The socket of `-debug-socket`: who connects reads the report, and the connection ends.
final class ReportListener {
    private let loop: EventLoop
    private let path: Text
    private let report: () -> Text
    private var listener: OwnedFD
    private var watch: Watch?

    init(loop: EventLoop, path: Text, report: @escaping () -> Text) throws(SystemError) {
        self.loop = loop
        self.path = path
        self.report = report
        listener = try UnixSocket.listen(at: path)
        _ = shim_set_nonblocking(listener.raw)
        watch = loop.add(listener.raw, Ready.input) { [self] _ in answer() }
    }

    func close() {
        loop.remove(&watch)
        Files.remove(path)
        listener.close()
    }

    private func answer() {
        let peer = OwnedFD(adopting: accept4(listener.raw, nil, nil, SOCK_CLOEXEC | SOCK_NONBLOCK))
        guard peer.isOpen else {
            if shim_errno() != EAGAIN { loop.rest(watch) }
            return
        }
        guard UnixSocket.peerIsOurselves(peer.raw) else { return }
        let text = report().bytes
        // Into the socket's buffer or not at all: the loop waits for nobody.
        _ = text.withUnsafeBytes { send(peer.raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }
}
