import Glibc
import SwctrCore
import SwctrLinux

/// The part that all snapshotters share: `<root>/<id>/fs` for trees, `<root>/trash` for what is to be removed.
struct SnapshotFolder: Sendable {
    let root: String

    init(root: String) throws(EngineError) {
        self.root = root
        for (path, mode) in [(root, 0o700), (root + "/trash", 0o700)] as [(String, mode_t)] {
            if mkdir(path, mode) != 0 && errno != EEXIST { throw .system("create folder", subject: path) }
        }
    }

    func path(of id: Int64) -> String { "\(root)/\(id)" }
    func tree(of id: Int64) -> String { "\(root)/\(id)/fs" }

    /// Creates the folder of a new snapshot with its tree's root, which gets the metadata of the parent's.
    func create(_ id: Int64, parent: Int64?, work: Bool) throws(EngineError) {
        let path = path(of: id)
        if mkdir(path, 0o700) != 0 {
            if errno != EEXIST { throw .system("create snapshot", subject: path) }
            try detach(id)
            if mkdir(path, 0o700) != 0 { throw .system("create snapshot", subject: path) }
        }
        for name in work ? ["fs", "work"] : ["fs"] where mkdir("\(path)/\(name)", 0o755) != 0 {
            throw .system("create snapshot", subject: "\(path)/\(name)")
        }
        let own = DirectoryHandle(try OwnedFD.directory(path))
        guard let parent else {
            // Not what the umask left of it.
            if fchmodat(own.number, "fs", 0o755, 0) != 0 { throw .system("set mode of", subject: path) }
            return
        }
        let above = DirectoryHandle(try OwnedFD.directory(self.path(of: parent)))
        guard let status = try above.status(of: Self.fs) else {
            throw EngineError(.dataLoss, subject: tree(of: parent), message: "is missing")
        }
        try TreeCopy.copyMetadata(of: above, Self.fs, status, to: own, Self.fs)
        try TreeCopy.setTimes(status, of: own, Self.fs)
    }

    func require(_ id: Int64) throws(EngineError) {
        if access(tree(of: id), F_OK) != 0 {
            throw EngineError(
                .dataLoss, subject: tree(of: id), message: "is missing", hint: "remove the image and import it again")
        }
    }

    func detach(_ id: Int64) throws(EngineError) {
        // The random part keeps a leftover of the same id apart.
        let target = "\(root)/trash/\(id)-\(String(UInt32.random(in: .min ... .max), radix: 36))"
        if rename(path(of: id), target) != 0 && errno != ENOENT {
            throw .system("remove snapshot", subject: path(of: id))
        }
    }

    func emptyTrash() throws(EngineError) {
        let trash = try OwnedFD.directory(root + "/trash")
        var first: EngineError?
        for entry in try trash.entries(subject: root + "/trash") {
            // One tree that cannot go (a mount in it, say) does not keep the others.
            do throws(EngineError) { try trash.removeTree(entry.name) } catch { first = first ?? error }
        }
        if let first { throw first }
    }

    func synchronize() throws(EngineError) {
        try OwnedFD.directory(root).synchronizeFileSystem(subject: root)
    }

    func usage(_ id: Int64) throws(EngineError) -> SnapshotUsage {
        try TreeUsage.measure(DirectoryHandle(try OwnedFD.directory(tree(of: id))), subject: tree(of: id))
    }

    func ids() throws(EngineError) -> [Int64] {
        try OwnedFD.directory(root).entries(subject: root).compactMap { Int64($0.text) }
    }

    private static let fs: [CChar] = "fs".utf8.map { CChar(bitPattern: $0) } + [0]
}
