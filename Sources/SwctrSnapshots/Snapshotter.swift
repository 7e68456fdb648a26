public import SwctrCore

/// Keeps file trees on disk.
///
/// A snapshot is a directory named by a storage id, which the metadata gives out once and never again. It is *active*
/// while it is written to; `commit` makes it the unchanging parent of others. A *view* is an active snapshot that
/// nobody writes to. Which snapshot stands on which, under which name, in which namespace, is the metadata's matter:
/// a snapshotter knows ids and, per call, the ids of the committed ancestors, nearest first.
///
/// Every implementation holds to this:
///
/// - `prepare` creates the tree: it shows exactly what the nearest parent shows, or nothing without one. A directory
///   that is already there under the id is a leftover of a lost record, and goes to the trash first.
/// - `mounts` answers how the tree is to be mounted; read-only mounts for views. It changes nothing on disk.
/// - `layerTarget` answers where a layer may be unpacked directly, without a mount, before `commit`.
/// - `commit` ends writing. `synchronize` returns when all trees written so far survive a power failure.
/// - `detach` takes the tree out of the way at once; the id is free of it when it returns, also when there was nothing.
///   `emptyTrash` removes what was detached, by this process or an earlier one. In between the bytes are still used.
/// - `usage` counts the tree's own bytes and inodes, without its parents'.
/// - `ids` lists the trees that are there.
///
/// Calls for different ids may run at the same time. Nothing outside the snapshotter's folder is touched.
public protocol Snapshotter: Sendable {
    /// "overlayfs", "native": as users name it and as records hold it.
    var name: String { get }

    /// Whether layers can be unpacked before those beneath them: each is a directory of its own.
    var hasIndependentLayers: Bool { get }

    func prepare(_ id: Int64, parents: [Int64]) throws(EngineError)
    func mounts(_ id: Int64, parents: [Int64], readOnly: Bool) throws(EngineError) -> [Mount]
    func layerTarget(_ id: Int64, parents: [Int64]) throws(EngineError) -> LayerTarget
    func commit(_ id: Int64) throws(EngineError)
    func synchronize() throws(EngineError)
    func detach(_ id: Int64) throws(EngineError)
    func emptyTrash() throws(EngineError)
    func usage(_ id: Int64) throws(EngineError) -> SnapshotUsage
    func ids() throws(EngineError) -> [Int64]
}

/// What a tree takes on disk.
public struct SnapshotUsage: Hashable, Sendable {
    /// Bytes of allocated blocks.
    public var size: Int64
    public var inodes: Int64

    public init(size: Int64, inodes: Int64) {
        self.size = size
        self.inodes = inodes
    }
}
