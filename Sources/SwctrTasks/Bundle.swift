import Glibc
import SwctrCore
import SwctrLinux

/// A task's folder below the state directory: `config.json`, `rootfs`, the shim's `log` FIFO, and what the shim keeps
/// there. It is every shim's working directory.
struct Bundle: Hashable, Sendable {
    let path: String

    /// - Parameter state: the manager's state directory.
    init(state: String, namespace: Namespace, id: ContainerID) {
        path = "\(state)/tasks/\(namespace)/\(id)"
    }

    init(path: String) { self.path = path }

    var rootfs: String { "\(path)/rootfs" }
    var config: String { "\(path)/config.json" }
    var log: String { "\(path)/log" }

    /// The namespace's folder.
    private var parent: String { Self.parent(of: path) }

    private static func parent(of path: String) -> String {
        String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    }

    var exists: Bool { access(path, F_OK) == 0 }

    /// Makes the folder with all that a shim expects to find.
    ///
    /// Folders are 0711, so that a container in a user namespace can reach its root file system; what is in them is
    /// readable by us alone.
    ///
    /// - Throws: `.alreadyExists` where there is one; nothing was changed then.
    func create(config bytes: [UInt8]) throws(EngineError) {
        let tasks = Self.parent(of: parent)
        for directory in [tasks, parent] {
            if mkdir(directory, 0o711) != 0, errno != EEXIST { throw .system("make folder", subject: directory) }
        }
        if mkdir(path, 0o711) != 0 { throw .system("make bundle", subject: path) }
        if mkdir(rootfs, 0o711) != 0 { throw .system("make folder", subject: rootfs) }
        if mkfifo(log, 0o600) != 0 { throw .system("make fifo", subject: log) }
        // Whatever the umask is.
        for directory in [tasks, parent, path, rootfs] where chmod(directory, 0o711) != 0 {
            throw .system("chmod", subject: directory)
        }
        try write(bytes, to: config)
    }

    /// Removes the folder. What is still mounted in it is detached first, and a root file system is only removed empty:
    /// files of a container or of the host are never deleted by way of a bundle.
    func remove() throws(EngineError) {
        // A shim that ended in order has unmounted everything: then nobody needs to read the table of mounts, which is
        // long on a host with many containers.
        if rmdir(rootfs) != 0, errno != ENOENT {
            try MountTable.unmountAll(below: path)
            if rmdir(rootfs) != 0, errno != ENOENT { throw .system("remove", subject: rootfs) }
        }
        let name = String(path.dropFirst(parent.utf8.count + 1))
        do throws(EngineError) {
            try OwnedFD.directory(parent).removeTree(name)
        } catch  where error.code == .notFound {
            // The namespace's folder is not there, and nothing in it.
        } catch {
            // A mount beside the root file system.
            try MountTable.unmountAll(below: path)
            try OwnedFD.directory(parent).removeTree(name)
        }
    }

    /// The address that the shim itself left, as shims of containerd 1.7 and before do; nil where there is none.
    var writtenAddress: String? {
        guard let text = try? TextFile.read("\(path)/address", limit: 4096), !text.isEmpty else { return nil }
        return text
    }

    /// Whether the shim recorded its first process's exit before it was gone (our own does).
    var hasExitRecord: Bool { access("\(path)/exit", F_OK) == 0 }

    private func write(_ bytes: [UInt8], to path: String) throws(EngineError) {
        let number = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if number < 0 { throw .system("create", subject: path) }
        let file = OwnedFD(adopting: number)
        var done = 0
        while done < bytes.count {
            done += try retryingInterrupts("write", subject: path) {
                bytes.withUnsafeBytes { Glibc.write(file.number, $0.baseAddress?.advanced(by: done), $0.count - done) }
            }
        }
    }
}
