import Glibc
public import SwctrCore

/// Stream sockets in the file system. Never abstract ones: those know no owner and no mode.
public enum UnixSocket {
    /// The longest path, in bytes, that `sun_path` holds with its closing NUL.
    public static let maximumPathLength = 107

    /// Binds a socket that is not yet listening, in place of a dead one. It has `mode` from its first moment: no time
    /// passes in which others could connect.
    ///
    /// - Parameters:
    ///   - mode: permission bits, whatever the process's umask is.
    ///   - group: the group that owns the socket; nil leaves the process's own.
    /// - Throws: `.alreadyExists` when something answers at `path` or when it is no socket, `.invalidArgument` for a
    ///   path that is too long.
    public static func bind(at path: String, mode: mode_t, group: gid_t? = nil) throws(EngineError) -> OwnedFD {
        try clearStale(at: path)
        let number = try retryingInterrupts("create socket", subject: path) {
            socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        }
        let listener = OwnedFD(adopting: number)
        // The new inode takes over the mode of the unbound socket, less the umask.
        try retryingInterrupts("chmod socket", subject: path) { fchmod(number, mode & 0o600) }
        try withAddress(of: path) { address, length throws(EngineError) in
            _ = try retryingInterrupts("bind", subject: path) { Glibc.bind(number, address, length) }
        }
        if let group {
            try retryingInterrupts("chown", subject: path) { lchown(path, uid_t.max, group) }
        }
        try retryingInterrupts("chmod", subject: path) { chmod(path, mode) }
        return listener
    }

    /// Connects, waiting where the listener's backlog is full.
    ///
    /// - Parameter timeout: how long to wait for a place in the backlog; nil waits for ever.
    /// - Throws: `.notFound` when there is no socket, `.unavailable` when nobody listens, `.permissionDenied`,
    ///   `.deadlineExceeded` when the time has passed.
    public static func connect(to path: String, timeout: Duration? = nil) throws(EngineError) -> OwnedFD {
        let number = try retryingInterrupts("create socket", subject: path) {
            socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        }
        let connection = OwnedFD(adopting: number)
        if let timeout {
            let (seconds, attoseconds) = timeout.components
            // A zero limit would mean none.
            let microseconds = max(seconds > 0 ? 0 : 1, attoseconds / 1_000_000_000_000)
            var limit = timeval(tv_sec: Int(seconds), tv_usec: Int(microseconds))
            _ = setsockopt(number, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        try withAddress(of: path) { address, length throws(EngineError) in
            while Glibc.connect(number, address, length) < 0 {
                let reason = errno
                if reason == EINTR { continue }
                var error = EngineError.system("connect", subject: path, errno: reason)
                // What SO_SNDTIMEO leaves behind.
                if reason == EAGAIN { error.code = .deadlineExceeded }
                throw error
            }
        }
        return connection
    }

    private static func clearStale(at path: String) throws(EngineError) {
        var status = stat()
        if lstat(path, &status) != 0 {
            if errno == ENOENT { return }
            throw .system("stat", subject: path)
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw EngineError(.alreadyExists, operation: "bind", subject: path, message: "exists and is not a socket")
        }
        do {
            _ = try connect(to: path)
        } catch  where error.code == .unavailable || error.code == .notFound {
            if unlink(path) != 0, errno != ENOENT { throw .system("remove stale socket", subject: path) }
            return
        }
        throw EngineError(
            .alreadyExists, operation: "bind", subject: path, message: "another process answers on this socket")
    }

    private static func withAddress(
        of path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) throws(EngineError) -> Void
    ) throws(EngineError) {
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, bytes.count <= maximumPathLength, !bytes.contains(0) else {
            throw EngineError(
                .invalidArgument, subject: "socket path \"\(path)\"",
                message: "holds \(bytes.count) bytes, 1 to \(maximumPathLength) are allowed")
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let failure: EngineError? = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                do throws(EngineError) {
                    try body(pointer, socklen_t(MemoryLayout<sockaddr_un>.size))
                    return nil
                } catch {
                    return error
                }
            }
        }
        if let failure { throw failure }
    }
}
