import Glibc
public import SwctrCore

/// Tells that names in one directory came or went: inotify on the directory, so that nobody has to look again and again.
public struct DirectoryWatch: ~Copyable {
    private let fd: OwnedFD
    /// The directory that is watched.
    public let path: String

    /// - Throws: `.notFound` where there is no such directory.
    public init(_ path: String) throws(EngineError) {
        let number = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
        if number < 0 { throw .system("inotify", subject: path) }
        let fd = OwnedFD(adopting: number)
        // IN_ATTRIB: a socket gets its mode only after it listens. IN_DELETE_SELF: then a parent has to be watched.
        let mask = IN_CREATE | IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF
        if inotify_add_watch(fd.number, path, UInt32(mask)) < 0 { throw .system("watch", subject: path) }
        self.path = path
        self.fd = fd
    }

    /// Watches `path`, or where that does not exist the nearest directory above it that does.
    public init(nearest path: String) throws(EngineError) {
        var candidate = path.isEmpty ? "." : path
        while true {
            do {
                self = try DirectoryWatch(candidate)
                return
            } catch {
                guard error.code == .notFound, candidate != "/", candidate != "." else { throw error }
                candidate = Self.parent(of: candidate)
            }
        }
    }

    /// Readable when something happened.
    public var descriptor: Int32 { fd.number }

    /// Takes all that happened; what it was does not matter to somebody who then looks for himself.
    public func drain() {
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { buffer in
            while case .moved = SwctrLinux.read(fd.number, into: buffer) {}
        }
    }

    /// The directory that `path` is in: "/" for "/run", "." for a bare name.
    public static func parent(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        if slash == path.utf8.startIndex { return "/" }
        return String(path[..<slash])
    }
}
