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
            var needs = Needs()
            for image in images { add(image, to: &needs) }
            let unneeded = rows.filter { row in
                row.labels[Self.rootLabel] == nil && !needs.covers(row)
            }
            if !unneeded.isEmpty {
                try await metadata.write { tx in
                    for row in unneeded { _ = try tx.removeContent(row.namespace, row.digest) }
                }
            }
            try await collectSnapshots(snapshotRows, needs)
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

    /// What the images of each namespace are made of.
    private struct Needs {
        var content: [Namespace: Set<Digest>] = [:]
        var chains: [Namespace: Set<String>] = [:]
        /// Where an image cannot be read, nobody knows what it needs: everything stays.
        var unreadable: Set<Namespace> = []

        func covers(_ row: ContentRecord) -> Bool {
            unreadable.contains(row.namespace) || content[row.namespace]?.contains(row.digest) == true
        }

        func covers(_ row: SnapshotRecord) -> Bool {
            unreadable.contains(row.namespace) || chains[row.namespace]?.contains(row.key) == true
        }
    }

    private func add(_ image: ImageRecord, to needs: inout Needs) {
        do throws(EngineError) {
            let content = try graph.reachable(from: image.target).keys
            let chains = try chainIDs(of: image)
            needs.content[image.namespace, default: []].formUnion(content)
            needs.chains[image.namespace, default: []].formUnion(chains)
        } catch {
            needs.unreadable.insert(image.namespace)
            log.warning(
                "image cannot be read, nothing of its namespace is collected",
                metadata: ["namespace": "\(image.namespace)", "image": "\(image.name)", "error": "\(error)"])
        }
    }

    private func chainIDs(of image: ImageRecord) throws(EngineError) -> [String] {
        var names: [String] = []
        for (descriptor, _) in try graph.manifests(of: image.target) {
            let config = try graph.manifest(descriptor).config
            // Of another machine's image there may be no more than the manifest.
            guard content.contains(config.digest) else { continue }
            names += try ChainID.all(of: graph.config(config).rootfs.diffIDs).map(\.description)
        }
        return names
    }

    /// Committed snapshots that are no layer of an image and carry nothing: leaves first, since a parent cannot go
    /// before its children.
    private func collectSnapshots(_ rows: [SnapshotRecord], _ needs: Needs) async throws {
        var remaining = rows
        while true {
            let parents = Set(
                remaining.compactMap { row in row.parent.map { [row.namespace.rawValue, row.snapshotter, $0] } })
            let leaves = remaining.filter { row in
                row.kind == .committed && row.labels[Self.rootLabel] == nil
                    && !needs.covers(row)
                    && !parents.contains([row.namespace.rawValue, row.snapshotter, row.key])
            }
            if leaves.isEmpty { return }
            for leaf in leaves { try await removeUnused(leaf) }
            let gone = Set(leaves.map(\.id))
            remaining.removeAll { gone.contains($0.id) }
        }
    }

    private func removeUnused(_ leaf: SnapshotRecord) async throws {
        do {
            try await snapshots.remove(leaf.namespace, snapshotter: leaf.snapshotter, key: leaf.key)
        } catch let error as EngineError where error.code == .failedPrecondition || error.code == .notFound {
            // A container was just made on it, or somebody else removed it: either way it is not ours any more.
            log.debug("snapshot was not collected", metadata: ["snapshot.key": "\(leaf.key)", "error": "\(error)"])
        }
    }

    private func collectBlobs() async throws {
        let kept = Set(try await metadata.read { try $0.content() }.map(\.digest))
        for digest in try content.digests() where !kept.contains(digest) { _ = try content.remove(digest) }
    }
}
