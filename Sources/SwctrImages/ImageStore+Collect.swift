import SwctrContent
import SwctrOCI
import Logging
import SwctrCore
import SwctrMetadata

extension ImageStore {
    /// Marks what images and containers need, in every namespace, and removes the rest: content rows, committed
    /// snapshots, then blobs that no row names. Runs alone: no import or unpack goes on meanwhile.
    public func collect() async throws {
        try await gate.exclusive { [self] in
            let (images, rows, snapshotRows) = try await metadata.read {
                (try $0.images(), try $0.content(), try $0.snapshots())
            }
            var needed: [Namespace: Set<Digest>] = [:]
            var chains: [Namespace: Set<String>] = [:]
            for image in images {
                needed[image.namespace, default: []].formUnion(try graph.reachable(from: image.target).keys)
                chains[image.namespace, default: []].formUnion(try chainIDs(of: image))
            }
            let unneeded = rows.filter { row in
                row.labels[Self.rootLabel] == nil && needed[row.namespace]?.contains(row.digest) != true
            }
            if !unneeded.isEmpty {
                try await metadata.write { tx in
                    for row in unneeded { _ = try tx.removeContent(row.namespace, row.digest) }
                }
            }
            try await collectSnapshots(snapshotRows, chains: chains)
            try await collectBlobs()
        }
    }

    /// Collects without making anybody wait.
    func collectLater() {
        Task { [self] in
            do { try await collect() } catch {
                log.warning("garbage was not collected", metadata: ["error": "\(error)"])
            }
        }
    }

    /// A label that keeps an object whether or not anything names it.
    static let rootLabel = "containerd.io/gc.root"

    private func chainIDs(of image: ImageRecord) throws(EngineError) -> [String] {
        var names: [String] = []
        for (descriptor, _) in try graph.manifests(of: image.target) {
            let config = try graph.config(try graph.manifest(descriptor).config)
            names += try ChainID.all(of: config.rootfs.diffIDs).map(\.description)
        }
        return names
    }

    /// Committed snapshots that are no layer of an image and carry nothing: leaves first, since a parent cannot go
    /// before its children.
    private func collectSnapshots(_ rows: [SnapshotRecord], chains: [Namespace: Set<String>]) async throws {
        var remaining = rows
        while true {
            let parents = Set(
                remaining.compactMap { row in row.parent.map { [row.namespace.rawValue, row.snapshotter, $0] } })
            let leaves = remaining.filter { row in
                row.kind == .committed && row.labels[Self.rootLabel] == nil
                    && chains[row.namespace]?.contains(row.key) != true
                    && !parents.contains([row.namespace.rawValue, row.snapshotter, row.key])
            }
            if leaves.isEmpty { return }
            for leaf in leaves {
                try await snapshots.remove(leaf.namespace, snapshotter: leaf.snapshotter, key: leaf.key)
            }
            let gone = Set(leaves.map(\.id))
            remaining.removeAll { gone.contains($0.id) }
        }
    }

    private func collectBlobs() async throws {
        let kept = Set(try await metadata.read { try $0.content() }.map(\.digest))
        for digest in try content.digests() where !kept.contains(digest) { _ = try content.remove(digest) }
    }
}
