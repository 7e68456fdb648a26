import Foundation
import SwctrContent
import SwctrCore
import SwctrLinux
import SwctrMetadata
import SwctrOCI
import SwctrSnapshots

/// Some bytes on the disk, and who wants them.
public struct DiskUsage: Sendable, Hashable {
    /// "content", "ingest", "snapshot".
    public var kind: String
    public var id: String
    public var size: Int64
    /// Nobody: the next collection takes it.
    public var owners: [String] = []
    /// Nothing that has a name or runs needs it.
    public var isReclaimable: Bool { owners.isEmpty }
}

extension ImageStore {
    /// Everything that the stores keep, each with all of its owners.
    public func diskUsage() async throws -> [DiskUsage] {
        let (images, rows, snapshotRows, containers, leases) = try await metadata.read { tx in
            (try tx.images(), try tx.content(), try tx.snapshots(), try tx.containers(), try tx.leaseResources())
        }
        var owners: [Pins.Item: Set<String>] = [:]
        for image in images {
            let owner = "\(image.namespace) image \(image.name)"
            // Of an image that cannot be read, what it owns is not known; `checkStore` tells of it.
            for digest in (try? graph.reachable(from: image.target).keys.map { $0 }) ?? [image.digest] {
                owners[.blob(digest), default: []].insert(owner)
            }
            for (manifest, _) in (try? graph.manifests(of: image.target)) ?? [] {
                guard let config = try? graph.manifest(manifest).config, content.contains(config.digest),
                    let chain = try? ChainID.all(of: graph.config(config).rootfs.diffIDs)
                else { continue }
                for (driver, key) in snapshots.names.flatMap({ name in chain.map { (name, "\($0)") } }) {
                    owners[.snapshot(image.namespace, snapshotter: driver, key: key), default: []].insert(owner)
                }
            }
        }
        for row in rows where row.labels[GCLabel.root] != nil {
            owners[.blob(row.digest), default: []].insert("\(row.namespace) label \(GCLabel.root)")
        }
        for lease in leases {
            let owner = "\(lease.namespace) lease \(lease.lease)"
            if let digest = try? Digest(lease.id), lease.type == "content" {
                owners[.blob(digest), default: []].insert(owner)
            } else {
                let driver = String(lease.type.dropFirst("snapshots/".count))
                owners[.snapshot(lease.namespace, snapshotter: driver, key: lease.id), default: []].insert(owner)
            }
        }
        for container in containers where !container.snapshotKey.isEmpty {
            owners[
                .snapshot(container.namespace, snapshotter: container.snapshotter, key: container.snapshotKey),
                default: []
            ].insert("\(container.namespace) container \(container.id)")
        }
        return try contentUsage(owners) + (try await snapshotUsage(snapshotRows, owners)) + (try ingestUsage())
    }

    private func contentUsage(_ owners: [Pins.Item: Set<String>]) throws(EngineError) -> [DiskUsage] {
        try content.digests().map { digest in
            var names = (owners[.blob(digest)] ?? []).sorted()
            if names.isEmpty, pins.isKept(.blob(digest)) { names = ["work in progress"] }
            return DiskUsage(kind: "content", id: "\(digest)", size: content.size(of: digest) ?? 0, owners: names)
        }
    }

    /// What stands on a snapshot owns it too.
    private func snapshotUsage(
        _ rows: [SnapshotRecord], _ owners: [Pins.Item: Set<String>]
    ) async throws -> [DiskUsage] {
        func item(_ row: SnapshotRecord, _ key: String) -> Pins.Item {
            .snapshot(row.namespace, snapshotter: row.snapshotter, key: key)
        }
        var owners = owners
        for row in rows {
            if row.labels[GCLabel.root] != nil {
                owners[item(row, row.key), default: []].insert("\(row.namespace) label \(GCLabel.root)")
            } else if row.kind != .committed, owners[item(row, row.key)] == nil {
                owners[item(row, row.key)] = ["\(row.namespace) snapshot \(row.key)"]
            }
        }
        // Later ones stand on earlier ones.
        for row in rows.reversed() {
            if let parent = row.parent {
                owners[item(row, parent), default: []].formUnion(owners[item(row, row.key)] ?? [])
            }
        }
        var usages: [DiskUsage] = []
        for row in rows {
            let driver = try snapshots.snapshotter(row.snapshotter)
            let usage = try? await BlockingWork.run { () throws(EngineError) in try driver.usage(row.id) }
            usages.append(
                DiskUsage(
                    kind: "snapshot", id: "\(row.namespace)/\(row.snapshotter)/\(row.key)", size: usage?.size ?? 0,
                    owners: (owners[item(row, row.key)] ?? []).sorted()))
        }
        return usages
    }

    private func ingestUsage() throws(EngineError) -> [DiskUsage] {
        try content.ingests().map { ingest in
            DiskUsage(
                kind: "ingest", id: ingest.name, size: ingest.size,
                owners: [ingest.isActive ? "a transfer that goes on" : "a transfer that was cut off, kept for a day"])
        }
    }
}
