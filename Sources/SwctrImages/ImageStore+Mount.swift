import Foundation
import Logging
public import SwctrCore
import SwctrMetadata
import SwctrOCI

extension ImageStore {
    /// Makes a snapshot of an image that the caller mounts at a place of its own; a lease of that name ends it.
    ///
    /// - Parameters:
    ///   - target: names snapshot and lease.
    ///   - expires: when the snapshot may be removed; nil: never.
    /// - Returns: the chain ID of the image and how the snapshot is mounted.
    public func prepareMount(
        _ namespace: Namespace, _ name: String, target: String, platform: String?, snapshotter: String, writable: Bool,
        expires: Date?, labels: Labels
    ) async throws -> (chainID: String, mounts: [Mount]) {
        let image = try await resolve(namespace, name, platform: platform)
        guard let chain = image.chainID?.description else {
            throw EngineError(.failedPrecondition, subject: "image \"\(name)\"", message: "has no layers to mount")
        }
        return try await withUnpacked(image, namespace: namespace, snapshotter: snapshotter) { [self] in
            try await metadata.write { tx in
                try tx.createLease(
                    LeaseRecord(namespace: namespace, id: target, labels: labels, expiresAt: expires))
                try tx.addLeaseResource(
                    LeaseResource(namespace: namespace, lease: target, type: "snapshots/\(snapshotter)", id: target))
            }
            do {
                let mounts =
                    writable
                    ? try await snapshots.prepare(namespace, snapshotter: snapshotter, key: target, parent: chain)
                    : try await snapshots.view(namespace, snapshotter: snapshotter, key: target, parent: chain)
                return (chain, mounts)
            } catch {
                _ = try? await metadata.write { try $0.deleteLease(namespace, target) }
                throw error
            }
        }
    }

    /// Removes the snapshot and the lease of `prepareMount`.
    ///
    /// - Throws: `.notFound` where there is neither.
    public func removeMount(_ namespace: Namespace, target: String, snapshotter: String) async throws {
        let hadLease = try await metadata.write { try $0.deleteLease(namespace, target) }
        do {
            try await snapshots.remove(namespace, snapshotter: snapshotter, key: target)
        } catch let error as EngineError where error.code == .notFound && hadLease {
            // The lease ran out, and took it along.
        }
    }

    /// What leases that are over kept and nobody else would remove: snapshots that are written to or looked at.
    func removeExpired(_ resources: [LeaseResource]) async {
        for resource in resources where resource.type.hasPrefix("snapshots/") {
            let snapshotter = String(resource.type.dropFirst(10))
            do {
                let row = try await metadata.read { try $0.snapshot(resource.namespace, snapshotter, resource.id) }
                guard let row, row.kind != .committed, row.labels[GCLabel.root] == nil else { continue }
                try await snapshots.remove(resource.namespace, snapshotter: snapshotter, key: resource.id)
            } catch {
                log.warning(
                    "snapshot of an expired lease was not removed",
                    metadata: ["snapshot.key": "\(resource.id)", "error": "\(error)"])
            }
        }
    }
}
