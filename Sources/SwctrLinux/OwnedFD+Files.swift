import CSwctrLinux
public import Glibc
public import SwctrCore

/// How far a lookup below a directory may go (openat2(2)).
public struct Resolve: OptionSet, Sendable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The directory is the root: absolute paths, links and `..` all end inside it.
    public static let inRoot = Resolve(rawValue: UInt64(SWCTR_RESOLVE_IN_ROOT))
    /// `/proc/*/fd` and the like are refused with ELOOP.
    public static let noMagicLinks = Resolve(rawValue: UInt64(SWCTR_RESOLVE_NO_MAGICLINKS))
    /// Any symbolic link is refused with ELOOP.
    public static let noSymbolicLinks = Resolve(rawValue: UInt64(SWCTR_RESOLVE_NO_SYMLINKS))
    /// Mount points are refused with EXDEV.
    public static let noCrossing = Resolve(rawValue: UInt64(SWCTR_RESOLVE_NO_XDEV))
}

extension OwnedFD {
    /// Opens a path; `O_CLOEXEC` is added.
    public static func open(_ path: String, _ flags: Int32, mode: mode_t = 0) throws(EngineError) -> OwnedFD {
        OwnedFD(
            adopting: try retryingInterrupts("open", subject: path) { Glibc.open(path, flags | O_CLOEXEC, mode) })
    }

    /// Opens a directory.
    public static func directory(_ path: String) throws(EngineError) -> OwnedFD {
        try open(path, O_RDONLY | O_DIRECTORY)
    }

    /// Opens `path` below this directory.
    ///
    /// - Parameter subject: the path as messages should show it.
    public borrowing func open(
        below path: UnsafePointer<CChar>, _ flags: Int32, mode: mode_t = 0, resolve: Resolve, subject: String
    ) throws(EngineError) -> OwnedFD {
        let directory = number
        return OwnedFD(
            adopting: try retryingInterrupts("open", subject: subject) {
                swctr_openat2(directory, path, UInt64(UInt32(bitPattern: flags | O_CLOEXEC)), mode, resolve.rawValue)
            })
    }

    /// Reads what there is, at most the buffer's size; 0 at the end.
    public borrowing func read(
        into buffer: UnsafeMutableRawBufferPointer, subject: String
    ) throws(EngineError) -> Int {
        let descriptor = number
        return try retryingInterrupts("read", subject: subject) {
            Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        }
    }

    /// Writes all of the bytes.
    public borrowing func write(all bytes: UnsafeRawBufferPointer, subject: String) throws(EngineError) {
        let descriptor = number
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            done += try retryingInterrupts("write", subject: subject) {
                Glibc.write(descriptor, rest.baseAddress, rest.count)
            }
        }
    }

    /// What fstat says.
    public borrowing func status(subject: String) throws(EngineError) -> stat {
        var status = stat()
        let descriptor = number
        try retryingInterrupts("stat", subject: subject) { fstat(descriptor, &status) }
        return status
    }

    /// Returns once the file's data and size are on the disk.
    public borrowing func synchronizeData(subject: String) throws(EngineError) {
        let descriptor = number
        try retryingInterrupts("sync", subject: subject) { fdatasync(descriptor) }
    }

    /// Returns once the file, or the names in the directory, are on the disk.
    public borrowing func synchronize(subject: String) throws(EngineError) {
        let descriptor = number
        try retryingInterrupts("sync", subject: subject) { fsync(descriptor) }
    }

    /// Returns once everything written to this file system is on the disk.
    public borrowing func synchronizeFileSystem(subject: String) throws(EngineError) {
        let descriptor = number
        try retryingInterrupts("sync file system of", subject: subject) { swctr_syncfs(descriptor) }
    }
}
