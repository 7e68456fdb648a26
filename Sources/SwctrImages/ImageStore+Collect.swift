import Foundation
import Logging
import SwctrContent
import SwctrCore
import SwctrMetadata
import SwctrOCI

extension ImageStore {
    /// Marks what images, containers, leases and labels need, in every namespace, and removes the rest: content rows,
    /// committed snapshots, then blobs that no row names.
    ///
    /// Pulls, imports and runs go on meanwhile: what they need they keep by a `Hold`.
    public func collect() async throws {
        try await collections.run { [self] in
            pins.beginCollection()
            defer { pins.endCollection() }
            let needs = try await mark()
            try await sweepRows(needs)
            try await sweepSnapshots(needs)
            try await sweepBlobs()
            sweepIngests()
        }
    }

    /// Collects without making anybody wait.
    public func collectSoon() {
        Task { [self] in
            do { try await collect() } catch {
                log.warning("garbage was not collected", metadata: ["error": "\(error)"])
            }
        }
    }

    /// What is needed, by namespace.
    private struct Needs: Sendable {
        /// When the records were read: what came later is not judged.
        let began = Date()
        var content: [Namespace: Set<Digest>] = [:]
        var snapshots: [Namespace: Set<String>] = [:]
        /// Where an image cannot be read, nobody knows what it needs: everything stays.
        var unreadable: Set<Namespace> = []

        func covers(_ row: ContentRecord) -> Bool {
            unreadable.contains(row.namespace) || row.labels[GCLabel.root] != nil
                || content[row.namespace]?.contains(row.digest) == true
        }

        func covers(_ row: SnapshotRecord) -> Bool {
            unreadable.contains(row.namespace) || row.labels[GCLabel.root] != nil
                || snapshots[row.namespace]?.contains("\(row.snapshotter) \(row.key)") == true
        }

        mutating func need(_ namespace: Namespace, _ snapshotter: String, _ key: String) {
            snapshots[namespace, default: []].insert("\(snapshotter) \(key)")
        }
    }

    // MARK: Marking

    private func mark() async throws -> Needs {
        var needs = Needs()
        let now = needs.began
        let (images, rows, snapshotRows, leases, resources) = try await metadata.read { tx in
            (
                try tx.images(), try tx.content(), try tx.snapshots(), try tx.leases(), try tx.leaseResources()
            )
        }
        let labels = Dictionary(rows.map { (RowKey($0.namespace, $0.digest), $0.labels) }) { first, _ in first }
        for image in images { mark(image, labels, &needs) }
        for row in rows where row.labels[GCLabel.root] != nil { follow(row.labels, row.namespace, labels, &needs) }
        for row in snapshotRows where row.kind != .committed || row.labels[GCLabel.root] != nil {
            follow(row.labels, row.namespace, labels, &needs)
        }
        let alive = Set(leases.filter { $0.expiresAt.map { $0 > now } ?? true }.map { [$0.namespace.rawValue, $0.id] })
        for resource in resources where alive.contains([resource.namespace.rawValue, resource.lease]) {
            if resource.type == "content" {
                follow([GCLabel.content: resource.id], resource.namespace, labels, &needs)
            } else if resource.type.hasPrefix("snapshots/") {
                needs.need(resource.namespace, String(resource.type.dropFirst(10)), resource.id)
            }
        }
        let expired = leases.filter { lease in lease.expiresAt.map { $0 <= now } ?? false }
        if !expired.isEmpty {
            try await metadata.write { tx in
                for lease in expired { try tx.deleteLease(lease.namespace, lease.id) }
            }
            let ids = Set(expired.map { [$0.namespace.rawValue, $0.id] })
            await removeExpired(resources.filter { ids.contains([$0.namespace.rawValue, $0.lease]) })
        }
        return needs
    }

    private struct RowKey: Hashable {
        var namespace: Namespace
        var digest: Digest
        init(_ namespace: Namespace, _ digest: Digest) {
            self.namespace = namespace
            self.digest = digest
        }
    }

    private func mark(_ image: ImageRecord, _ labels: [RowKey: Labels], _ needs: inout Needs) {
        let namespace = image.namespace
        do throws(EngineError) {
            for digest in try graph.reachable(
                from: image.target,
                layers: { manifest, layer in
                    // Layers whose label was taken away from a manifest that has such labels are given free.
                    guard let own = labels[RowKey(namespace, manifest)], !GCLabel.digests(in: own).isEmpty else {
                        return true
                    }
                    return own.contains { GCLabel.isLayer($0.key) && $0.value == "\(layer)" }
                }
            ).keys {
                needs.content[namespace, default: []].insert(digest)
                if let own = labels[RowKey(namespace, digest)] { follow(own, namespace, labels, &needs) }
            }
            for chain in try chainIDs(of: image) {
                for snapshotter in snapshots.names { needs.need(namespace, snapshotter, chain) }
            }
        } catch {
            needs.unreadable.insert(namespace)
            log.warning(
                "image cannot be read, nothing of its namespace is collected",
                metadata: ["namespace": "\(namespace)", "image": "\(image.name)", "error": "\(error)"])
        }
    }

    /// Marks what labels name, and what the labels of that name.
    private func follow(
        _ labels: Labels, _ namespace: Namespace, _ all: [RowKey: Labels], _ needs: inout Needs
    ) {
        var queue = [labels]
        while let next = queue.popLast() {
            for reference in GCLabel.snapshots(in: next) {
                needs.need(namespace, reference.snapshotter, reference.key)
            }
            for digest in GCLabel.digests(in: next)
            where needs.content[namespace, default: []].insert(digest).inserted {
                if let more = all[RowKey(namespace, digest)] { queue.append(more) }
            }
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

    // MARK: Sweeping

    private func sweepRows(_ needs: Needs) async throws {
        try await metadata.write { [pins] tx in
            for row in try tx.content()
            where !needs.covers(row) && row.createdAt < needs.began && !pins.isKept(.blob(row.digest)) {
                _ = try tx.removeContent(row.namespace, row.digest)
            }
        }
    }

    /// Committed snapshots that nothing needs and that carry nothing: leaves first, since a parent cannot go before its
    /// children.
    private func sweepSnapshots(_ needs: Needs) async throws {
        var remaining = try await metadata.read { try $0.snapshots() }
        while true {
            let parents = Set(
                remaining.compactMap { row in row.parent.map { [row.namespace.rawValue, row.snapshotter, $0] } })
            let leaves = remaining.filter { row in
                row.kind == .committed && !needs.covers(row)
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
            let removal = try await metadata.write { [pins] tx -> SnapshotStore.Removal? in
                if pins.isKept(.snapshot(leaf.namespace, snapshotter: leaf.snapshotter, key: leaf.key)) { return nil }
                // Somebody may have labelled it since it was looked at.
                let row = try tx.snapshot(leaf.namespace, leaf.snapshotter, leaf.key)
                if row?.labels[GCLabel.root] != nil { return nil }
                return try SnapshotStore.removeRow(
                    leaf.namespace, snapshotter: leaf.snapshotter, key: leaf.key, tx)
            }
            if let removal { await snapshots.finish(removal) }
        } catch let error as EngineError where error.code == .failedPrecondition || error.code == .notFound {
            // A container was just made on it, or somebody else removed it: either way it is not ours any more.
            log.debug("snapshot was not collected", metadata: ["snapshot.key": "\(leaf.key)", "error": "\(error)"])
        }
    }

    private func sweepBlobs() async throws {
        let kept = Set(try await metadata.read { try $0.content() }.map(\.digest))
        for digest in try content.digests() where !kept.contains(digest) {
            try pins.unlessKept(.blob(digest)) { () throws(EngineError) in _ = try content.remove(digest) }
        }
    }

    /// Downloads that nobody has gone on with for a day.
    private func sweepIngests() {
        let limit = Int64(Date().timeIntervalSince1970) - 86_400
        for ingest in (try? content.ingests()) ?? [] where !ingest.isActive && ingest.updated < limit {
            // Taken up this very moment, it is not stale after all.
            _ = try? content.abort(named: ingest.name)
        }
    }
}
