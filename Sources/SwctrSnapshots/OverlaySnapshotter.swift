import Glibc
public import SwctrCore
import SwctrLinux

/// Layers stacked by the kernel's overlayfs: nothing is copied but what a container changes.
///
///     <root>/<id>/fs     the layer's own files: overlay's upper directory, a lower one of its children
///     <root>/<id>/work   overlay's scratch space
public struct OverlaySnapshotter: Snapshotter {
    public static let name = "overlayfs"
    public var name: String { Self.name }
    public var hasIndependentLayers: Bool { true }
    private let folder: SnapshotFolder

    /// - Throws: `.failedPrecondition` with a hint where overlayfs does not work in `root`.
    public init(root: String) throws(EngineError) {
        folder = try SnapshotFolder(root: root)
        try OverlaySupport.check(in: root)
    }

    public func prepare(_ id: Int64, parents: [Int64]) throws(EngineError) {
        try folder.create(id, parent: parents.first, work: true)
    }

    public func mounts(_ id: Int64, parents: [Int64], readOnly: Bool) throws(EngineError) -> [Mount] {
        for parent in parents { try folder.require(parent) }
        if parents.isEmpty {
            try folder.require(id)
            return [Mount(type: "bind", source: folder.tree(of: id), options: [readOnly ? "ro" : "rw", "rbind"])]
        }
        if readOnly && parents.count == 1 {
            return [Mount(type: "bind", source: folder.tree(of: parents[0]), options: ["ro", "rbind"])]
        }
        // Without an index the lower layers may be shared by any number of mounts.
        var options = ["index=off"]
        if !readOnly {
            try folder.require(id)
            options += ["workdir=\(folder.path(of: id))/work", "upperdir=\(folder.tree(of: id))"]
        }
        options.append("lowerdir=" + parents.map { folder.tree(of: $0) }.joined(separator: ":"))
        return [Mount(type: "overlay", source: "overlay", options: options)]
    }

    public func layerTarget(_ id: Int64, parents: [Int64]) throws(EngineError) -> LayerTarget {
        LayerTarget(
            path: folder.tree(of: id), lowers: parents.map { folder.tree(of: $0) }, deletions: .whiteouts)
    }

    /// A committed layer is never an upper directory again: its scratch space can go.
    public func commit(_ id: Int64) throws(EngineError) {
        try OwnedFD.directory(folder.path(of: id)).removeTree("work")
    }

    public func synchronize() throws(EngineError) { try folder.synchronize() }
    public func detach(_ id: Int64) throws(EngineError) { try folder.detach(id) }
    public func emptyTrash() throws(EngineError) { try folder.emptyTrash() }
    public func usage(_ id: Int64) throws(EngineError) -> SnapshotUsage { try folder.usage(id) }
    public func ids() throws(EngineError) -> [Int64] { try folder.ids() }
}
