import CShim

/// The socket on which an OCI runtime hands over a terminal's master. It is in the bundle, which only we can enter and
/// which goes with everything in it.
final class ConsoleListener {
    let path: Text
    private let loop: EventLoop
    /// The bundle, while its own path is too long for an address.
    private var directory = OwnedFD()
    private var listener: OwnedFD
    private var connection = OwnedFD()
    private var listenerWatch: Watch?
    private var connectionWatch: Watch?
    private let onMaster: (Int32) -> Void

    /// For the process of that id. `onMaster` is called at most once and takes over the descriptor.
    init(loop: EventLoop, bundle: Text, id: Text, onMaster: @escaping (Int32) -> Void) throws(RPCError) {
        self.loop = loop
        self.onMaster = onMaster
        let name: Text = "tty-" + id
        let direct = bundle.appending(component: name)
        if direct.count <= ShimAddress.maximumPathLength {
            path = direct
        } else {
            // The runtime, another process, comes to the same directory through our descriptor.
            directory.replace(adopting: bundle.withCString { shim_open($0, O_PATH | O_DIRECTORY, 0) })
            guard directory.isOpen else { throw RPCError(.unknown, SystemError("open \(bundle)").text) }
            path = "/proc/\(getpid())/fd/\(directory.raw)/" + name
        }
        // What a shim left that was killed before it.
        Files.remove(path)
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
        directory.close()
    }

    private func accept() {
        guard listener.isOpen, !connection.isOpen else { return }
        connection.replace(adopting: accept4(listener.raw, nil, nil, SOCK_CLOEXEC | SOCK_NONBLOCK))
        guard connection.isOpen else {
            if shim_errno() != EAGAIN { loop.rest(listenerWatch) }
            return
        }
        connectionWatch = loop.add(connection.raw, Ready.input) { [self] _ in receive() }
        receive()
    }

    private func receive() {
        let master = shim_receive_descriptor(connection.raw)
        if master < 0 {
            if shim_errno() != EAGAIN {
                // Not the runtime, or only a look at us: the next one may bring it.
                loop.remove(&connectionWatch)
                connection.close()
            }
            return
        }
        close()
        onMaster(master)
    }
}
