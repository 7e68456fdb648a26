import Glibc
public import SwctrCore
import SwctrLinux

/// Every snapshot is a full copy of its parent: slower and larger than overlayfs, but it works on any Linux file
/// system, and where files can share blocks (btrfs, xfs) the copies do.
///
///     <root>/<id>/fs   the whole tree
public struct NativeSnapshotter: Snapshotter {
    public static let name = "native"
    public var name: String { Self.name }
    public var hasIndependentLayers: Bool { false }
    private let folder: SnapshotFolder

    public init(root: String) throws(EngineError) { folder = try SnapshotFolder(root: root) }

    public func prepare(_ id: Int64, parents: [Int64]) throws(EngineError) {
        try folder.create(id, parent: parents.first, work: false)
        guard let parent = parents.first else { return }
        do throws(EngineError) {
            try TreeCopy.copy(
                DirectoryHandle(try OwnedFD.directory(folder.tree(of: parent))),
                to: DirectoryHandle(try OwnedFD.directory(folder.tree(of: id))))
        } catch {
            // Half a copy is of no use to anybody; what stopped it is the error to report.
            try? folder.detach(id)
            throw error.during("copy snapshot", of: folder.tree(of: parent))
        }
    }

    public func mounts(_ id: Int64, parents: [Int64], readOnly: Bool) throws(EngineError) -> [Mount] {
        try folder.require(id)
        return [Mount(type: "bind", source: folder.tree(of: id), options: [readOnly ? "ro" : "rw", "rbind"])]
    }

    public func layerTarget(_ id: Int64, parents: [Int64]) throws(EngineError) -> LayerTarget {
        LayerTarget(path: folder.tree(of: id), lowers: [], deletions: .removal)
    }

    public func commit(_ id: Int64) throws(EngineError) {}
    public func synchronize() throws(EngineError) { try folder.synchronize() }
    public func detach(_ id: Int64) throws(EngineError) { try folder.detach(id) }
    public func emptyTrash() throws(EngineError) { try folder.emptyTrash() }
    public func usage(_ id: Int64) throws(EngineError) -> SnapshotUsage { try folder.usage(id) }
    public func ids() throws(EngineError) -> [Int64] { try folder.ids() }
}
