import CSwctrLinux
import Glibc
public import SwctrCore

/// A directory that stands for `/` while files of a container are read: whatever links it holds, nothing outside it is
/// reached.
public struct RootDirectory: ~Copyable {
    private let directory: OwnedFD
    private let path: String

    /// - Throws: the class of errno.
    public init(_ path: String) throws(EngineError) {
        self.path = path
        directory = try OwnedFD.directory(path)
    }

    /// The text of a file, with links resolved inside; nil where there is none.
    ///
    /// - Parameter limit: bytes; a larger file is refused.
    /// - Throws: what opening or reading failed with, other than absence.
    public borrowing func text(of file: String, limit: Int) throws(EngineError) -> String? {
        let name = "\(path)/\(file)"
        do throws(EngineError) {
            // Not waiting for the other side of a FIFO that stands where a file should be.
            let opened = try directory.open(
                below: file, O_RDONLY | O_NONBLOCK, resolve: [.inRoot, .noMagicLinks], subject: name)
            return try TextFile.read(opened, path: name, limit: limit)
        } catch  where error.code == .notFound {
            return nil
        }
    }

    /// Mounts `mounts` (as a snapshotter describes a root file system) read-only at `target` for as long as `body`
    /// runs. A single bind mount, or an overlay of one layer and an empty upper directory, needs no mount at all.
    public static func reading<Result>(
        _ mounts: [Mount], at target: String, _ body: (borrowing RootDirectory) throws(EngineError) -> Result
    ) throws(EngineError) -> Result {
        guard let mount = mounts.first, mounts.count == 1 else {
            throw EngineError(
                .unimplemented, operation: "read root file system",
                message: "\(mounts.count) mounts make it up, not one")
        }
        if mount.type == "bind" { return try body(try RootDirectory(mount.source)) }
        guard mount.type == "overlay" else {
            throw EngineError(
                .unimplemented, operation: "read root file system", message: "is a mount of type \(mount.type)")
        }
        var layers = option("lowerdir", of: mount).map { $0.split(separator: ":").map(String.init) } ?? []
        if let upper = option("upperdir", of: mount) { layers.insert(upper, at: 0) }
        if layers.count == 1 { return try body(try RootDirectory(layers[0])) }
        try retryingInterrupts("make directory", subject: target) {
            mkdir(target, 0o700) == 0 || errno == EEXIST ? 0 : -1
        }
        let data = (["lowerdir=" + layers.joined(separator: ":")] + mount.options.filter { $0 == "userxattr" })
            .joined(separator: ",")
        try retryingInterrupts("mount overlay", subject: target) {
            Glibc.mount("overlay", target, "overlay", UInt(MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC), data)
        }
        defer { _ = swctr_unmount(target) }
        return try body(try RootDirectory(target))
    }

    private static func option(_ name: String, of mount: Mount) -> String? {
        mount.options.first { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.count + 1)) }
    }
}
