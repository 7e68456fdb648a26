import CShim

/// Lines for containerd's journal, through the `log` FIFO of the first bundle.
///
/// Never blocks and never fails: a line that nobody can take is dropped. The daemon that reads may come and go.
final class Log {
    private var pipe = OwnedFD()
    /// Whether `debug` says anything: the daemon does.
    let isDebug: Bool

    init(isDebug: Bool) {
        self.isDebug = isDebug
    }

    func debug(_ message: Text) {
        if isDebug { write("debug", message) }
    }

    func info(_ message: Text) {
        write("info", message)
    }

    func warning(_ message: Text) {
        write("warning", message)
    }

    func error(_ message: Text) {
        write("error", message)
    }

    private func write(_ level: Text, _ message: Text) {
        if !pipe.isOpen {
            pipe.replace(adopting: shim_open("log", O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY, 0))
            guard pipe.isOpen else { return }
        }
        let line: Text = "level=\(level) msg=\(message.jsonQuoted) runtime=io.containerd.swctr.v2\n"
        let fd = pipe.raw
        let written = line.bytes.withUnsafeBytes { buffer in CShim.write(fd, buffer.baseAddress, buffer.count) }
        if written < 0, shim_errno() == EPIPE { pipe.close() }
    }
}
