import CShim

/// The shim's own socket: a file that only its owner may use.
enum UnixSocket {
    /// Binds and listens in the place of a socket that nobody listens on any more; the error's number is EADDRINUSE if
    /// the name is taken otherwise.
    static func listen(at path: Text) throws(SystemError) -> OwnedFD {
        do throws(SystemError) {
            return try listenAnew(at: path)
        } catch {
            guard error.number == EADDRINUSE, presence(at: path) == .dead else { throw error }
        }
        Files.remove(path)
        return try listenAnew(at: path)
    }

    private static func listenAnew(at path: Text) throws(SystemError) -> OwnedFD {
        let fd = OwnedFD(adopting: socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0))
        guard fd.isOpen else { throw SystemError("socket") }
        let previous = umask(0o177)
        let isBound = withAddress(path) { bind(fd.raw, $0, $1) }
        let failure = SystemError("bind \(path)")
        _ = umask(previous)
        guard isBound == 0 else { throw failure }
        guard path.withCString({ chmod($0, 0o600) }) == 0, CShim.listen(fd.raw, 256) == 0 else {
            let error = SystemError("listen on \(path)")
            Files.remove(path)
            throw error
        }
        return fd
    }

    /// Keeps other calls of this program away from the sockets of a directory for as long as the result lives.
    ///
    /// Between a bind and its listen a socket looks dead, and between a look and a removal it may be replaced.
    static func lockDirectory(_ directory: Text) throws(SystemError) -> OwnedFD {
        let lock = OwnedFD(adopting: directory.withCString { shim_open($0, O_RDONLY | O_DIRECTORY, 0) })
        guard lock.isOpen, retrying({ Int(flock(lock.raw, LOCK_EX)) }) == 0 else {
            throw SystemError("lock \(directory)")
        }
        return lock
    }

    /// What stands behind a name.
    enum Presence {
        /// Somebody listens there.
        case alive
        /// A socket that nobody listens on any more.
        case dead
        /// Something else, nothing, or we lack what it takes to find out.
        case unknown
    }

    static func presence(at path: Text) -> Presence {
        let fd = OwnedFD(adopting: socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0))
        guard fd.isOpen else { return .unknown }
        // EAGAIN is a listener whose queue is full.
        if withAddress(path, { connect(fd.raw, $0, $1) }) == 0 || shim_errno() == EAGAIN { return .alive }
        // Plain files refuse too, and are not ours to replace.
        return shim_errno() == ECONNREFUSED && Files.kind(path) == mode_t(S_IFSOCK) ? .dead : .unknown
    }

    /// The file that a listener is bound to; empty if there is none.
    static func path(of fd: Int32) -> Text {
        var address = sockaddr_un()
        var length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(fd, $0, &length) }
        }
        guard result == 0, Int32(address.sun_family) == AF_UNIX else { return "" }
        return withUnsafeBytes(of: &address.sun_path) { Text($0.prefix { $0 != 0 }) }
    }

    /// containerd's rule: only a peer with exactly our user and group is served.
    static func peerIsOurselves(_ fd: Int32) -> Bool {
        var uid = uid_t()
        var gid = gid_t()
        return shim_peer_credentials(fd, &uid, &gid) == 0 && uid == geteuid() && gid == getegid()
    }

    private static func withAddress(_ path: Text, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_un()
        guard path.withCString({ shim_unix_address(&address, $0) }) == 0 else { return -1 }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
