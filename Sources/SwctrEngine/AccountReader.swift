import SwctrCore
import SwctrLinux
import SwctrOCI

/// Reads who the users of an image are; each image is looked at once.
actor AccountReader {
    /// For short-lived mounts; an image of several layers is mounted in it for a moment.
    nonisolated let scratch: String
    private var cache: [Digest: UserDatabase] = [:]

    /// Images remembered: beyond it the memory is emptied, which costs one look more.
    private static let capacity = 256
    /// Bytes of passwd or group: a directory service's dump fits, a hostile file does not fill memory.
    private static let limit = 4 << 20

    init(scratch: String) { self.scratch = scratch }

    /// Undoes a mount that an earlier manager died over.
    func recover() throws(EngineError) { try MountTable.unmountAll(below: scratch) }

    /// Whether an image needs no look any more; one without layers never does.
    func knows(_ cacheKey: Digest?) -> Bool { cacheKey.map { cache[$0] != nil } ?? true }

    /// - Parameters:
    ///   - mounts: a root file system as a snapshotter describes it; unused when `directory` is given.
    ///   - cacheKey: what names the content for good; nil reads anew.
    func accounts(mounts: [Mount], directory: String?, cacheKey: Digest?) throws(EngineError) -> UserDatabase {
        if let directory { return try Self.read(try RootDirectory(directory)) }
        if let cacheKey, let known = cache[cacheKey] { return known }
        if mounts.isEmpty { return UserDatabase() }
        let found = try RootDirectory.reading(mounts, at: scratch + "/accounts") { root throws(EngineError) in
            try Self.read(root)
        }
        if let cacheKey {
            if cache.count >= Self.capacity { cache.removeAll() }
            cache[cacheKey] = found
        }
        return found
    }

    static func read(_ root: borrowing RootDirectory) throws(EngineError) -> UserDatabase {
        UserDatabase(
            passwd: try root.text(of: "etc/passwd", limit: limit) ?? "",
            group: try root.text(of: "etc/group", limit: limit) ?? "")
    }
}
