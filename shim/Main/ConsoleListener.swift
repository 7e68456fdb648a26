import CShim

/// The socket on which an OCI runtime hands over a terminal's master, in a directory that only we can enter.
final class ConsoleListener {
    let path: Text
    private let loop: EventLoop
    private let directory: Text
    private var listener: OwnedFD
    private var connection = OwnedFD()
    private var listenerWatch: Watch?
    private var connectionWatch: Watch?
    private let onMaster: (Int32) -> Void

    /// `onMaster` is called at most once and takes over the descriptor.
    init(loop: EventLoop, onMaster: @escaping (Int32) -> Void) throws(RPCError) {
        self.loop = loop
        self.onMaster = onMaster
        guard let directory = Self.makeDirectory() else {
            throw RPCError(.unknown, SystemError("create console socket directory").text)
        }
        self.directory = directory
        path = directory + "/pty.sock"
        listener = OwnedFD(adopting: socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0))
        var address = sockaddr_un()
        let isBound =
            path.withCString { shim_unix_address(&address, $0) } == 0
            && withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(listener.raw, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            } == 0
        guard isBound, listen(listener.raw, 1) == 0 else {
            let error = SystemError("create console socket \(path)")
            close()
            throw RPCError(.unknown, error.text)
        }
        listenerWatch = loop.add(listener.raw, Ready.input) { [self] _ in accept() }
    }

    /// Takes what has already arrived, without waiting for the loop.
    func poll() {
        if connection.isOpen { receive() } else { accept() }
    }

    func close() {
        loop.remove(&listenerWatch)
        loop.remove(&connectionWatch)
        listener.close()
        connection.close()
        Files.remove(path)
        _ = directory.withCString { rmdir($0) }
    }

    private func accept() {
        guard listener.isOpen, !connection.isOpen else { return }
        connection.replace(adopting: accept4(listener.raw, nil, nil, SOCK_CLOEXEC | SOCK_NONBLOCK))
        guard connection.isOpen else { return }
        connectionWatch = loop.add(connection.raw, Ready.input) { [self] _ in receive() }
        receive()
    }

    private func receive() {
        let master = shim_receive_descriptor(connection.raw)
        if master < 0 {
            if shim_errno() != EAGAIN { loop.remove(&connectionWatch) }
            return
        }
        close()
        onMaster(master)
    }

    private static func makeDirectory() -> Text? {
        let candidates = [Environment.value("XDG_RUNTIME_DIR") ?? "", Environment.value("TMPDIR") ?? "", "/tmp"]
        // sun_path has room for 107 bytes; the template and the socket's name take 20.
        for base in candidates where !base.isEmpty && base.count <= ShimAddress.maximumPathLength - 20 {
            var template = base.appending(component: "ptyXXXXXX").bytes + [0]
            let isMade = template.withUnsafeMutableBytes { buffer in
                mkdtemp(buffer.baseAddress?.assumingMemoryBound(to: CChar.self)) != nil
            }
            if isMade { return Text(template.dropLast()) }
        }
        return nil
    }
}
