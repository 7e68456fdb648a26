import Glibc
public import SwctrCore
import SwctrLinux

/// What a layer that was unpacked alone still needs from the layers beneath it.
///
/// A layer may bring `a/b/file` without an entry for `a/b`. What `a/b` is then, its owner and mode or a link even, the
/// layers beneath say; they may come later than this one.
public struct LayerPending: Sendable {
    /// Directories that were made for what lies in them.
    let implied: Set<[UInt8]>
    /// Those among them that got an entry later.
    let explicit: Set<[UInt8]>

    /// Gives the directories what the layers beneath say of them.
    ///
    /// - Parameter target: the layer's, with the directories beneath.
    /// - Returns: false where the layer means something else on these layers, and has to be unpacked anew.
    public func settle(_ target: LayerTarget) throws(EngineError) -> Bool {
        var lowers: [DirectoryHandle] = []
        for path in target.lowers ?? [] { lowers.append(DirectoryHandle(try OwnedFD.directory(path))) }
        guard let nearest = lowers.first else { return true }
        let tree = try LayerTree(root: DirectoryHandle(try OwnedFD.directory(target.path)), lowers: lowers)
        // Parents first: a folder that is a link beneath makes everything in it moot.
        for path in implied.sorted(by: { $0.count < $1.count }) {
            let components = LayerPath.components(path)
            guard let name = components.last else {
                if !explicit.contains(path) { try copy(nearest, Self.dot, to: tree.root, Self.dot) }
                continue
            }
            var above = tree.root
            var isThere = true
            for component in components.dropLast() {
                guard let status = try above.status(of: component), status.isDirectory else {
                    isThere = false
                    break
                }
                above = try above.child(component)
            }
            // The layer itself may have removed or replaced it after all.
            guard isThere, let own = try above.status(of: name), own.isDirectory else { continue }
            guard let below = try tree.lower(Array(components.dropLast()), name) else { continue }
            if !below.status.isDirectory { return false }
            if !explicit.contains(path) { try copy(below.directory, name, to: above, name) }
        }
        return true
    }

    private static let dot: [CChar] = [46, 0]

    private func copy(
        _ source: DirectoryHandle, _ name: [CChar], to target: DirectoryHandle, _ newName: [CChar]
    ) throws(EngineError) {
        guard let status = try source.status(of: name) else { return }
        try TreeCopy.copyMetadata(of: source, name, status, to: target, newName)
        try TreeCopy.setTimes(status, of: target, newName)
    }
}
