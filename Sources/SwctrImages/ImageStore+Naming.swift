import Foundation
import SwctrContent
import SwctrCore
import SwctrMetadata
import SwctrOCI

/// What is to get a name.
struct NamedTarget: Sendable {
    var name: String
    var target: Descriptor
    var labels: Labels = [:]
}

extension ImageStore {
    /// Gives names to targets whose content is here, and the namespace the right to see it, all at once.
    ///
    /// - Parameters:
    ///   - unpacked: the snapshotter that has the layers; nil for none.
    ///   - source: the registry and the repository that the content came from.
    func name(
        _ images: [NamedTarget], in namespace: Namespace, unpacked snapshotter: String? = nil,
        source: (host: String, repository: String)? = nil
    ) async throws -> [ImageRecord] {
        var reachable: [Digest: Int64] = [:]
        var labels: [Digest: Labels] = [:]
        for image in images {
            reachable.merge(try graph.reachable(from: image.target)) { $1 }
            labels.merge(try graph.labels(of: image.target)) { $0.merging($1) { $1 } }
            if let snapshotter {
                labels.merge(try snapshotLabels(of: image.target, snapshotter)) { $0.merging($1) { $1 } }
            }
        }
        if let source {
            for digest in reachable.keys {
                labels[digest, default: [:]][GCLabel.source + source.host] = source.repository
            }
        }
        let now = Date()
        let (records, events) = try await metadata.write { [reachable, labels] tx -> ([ImageRecord], [ImageEvent]) in
            try tx.ensureNamespace(namespace)
            for (digest, size) in reachable {
                try Self.record(digest, size, labels[digest] ?? [:], namespace, now, tx)
            }
            var records: [ImageRecord] = []
            var events: [ImageEvent] = []
            for image in images {
                let old = try tx.image(namespace, image.name)
                let record = ImageRecord(
                    namespace: namespace, name: image.name, digest: image.target.digest,
                    mediaType: image.target.mediaType.rawValue, size: image.target.size,
                    labels: (old?.labels ?? [:]).merging(image.labels) { $1 }, createdAt: old?.createdAt ?? now,
                    updatedAt: now)
                try tx.upsertImage(record)
                records.append(record)
                events.append(old == nil ? .created(image.name) : .updated(image.name))
            }
            return (records, events)
        }
        for event in events { await notify(namespace, event) }
        await publishIndex()
        return records
    }

    /// Adds a row, or labels to the one that is there. Repositories of one registry are listed one after the other.
    private static func record(
        _ digest: Digest, _ size: Int64, _ labels: Labels, _ namespace: Namespace, _ now: Date,
        _ tx: MetadataTransaction
    ) throws {
        guard let old = try tx.content(namespace, digest) else {
            return try tx.addContent(
                ContentRecord(namespace: namespace, digest: digest, size: size, labels: labels, createdAt: now))
        }
        let merged = old.labels.merging(labels) { old, new in old }.merging(
            labels.filter { $0.key.hasPrefix(GCLabel.source) }
        ) { old, new in
            let known = old.split(separator: ",")
            return known.contains(new[...]) || known.count >= 16 ? old : "\(old),\(new)"
        }
        if merged != old.labels { try tx.setContentLabels(namespace, digest, merged) }
    }

    /// On each configuration: the snapshot that holds the whole image.
    private func snapshotLabels(of target: Descriptor, _ snapshotter: String) throws(EngineError) -> [Digest: Labels] {
        var labels: [Digest: Labels] = [:]
        for (descriptor, _) in try graph.manifests(of: target) {
            let config = try graph.manifest(descriptor).config
            guard content.contains(config.digest),
                let top = try ChainID.all(of: graph.config(config).rootfs.diffIDs).last
            else { continue }
            labels[config.digest] = [GCLabel.snapshot + snapshotter: "\(top)"]
        }
        return labels
    }
}
