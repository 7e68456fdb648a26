import Foundation
public import SwctrCore
import SwctrLinux
public import SwctrMetadata
public import SwctrSnapshots

extension SnapshotStore {
    /// Makes a read-only snapshot of a committed one.
    ///
    /// - Returns: how it is mounted.
    /// - Throws: `.alreadyExists`; `.notFound` for snapshotter and parent.
    public func view(
        _ namespace: Namespace, snapshotter: String, key: String, parent: String?, labels: Labels = [:]
    ) async throws -> [Mount] {
        let made = try await make(.view, namespace, snapshotter, key, parent, labels)
        return try self.snapshotter(snapshotter).mounts(made.record.id, parents: made.parents, readOnly: true)
    }

    /// Ends writing to an active snapshot and gives it its lasting name. Its data is on the disk when this returns.
    /// It is labelled as a root, as ctr does it: no image names it, and yet somebody wants it.
    ///
    /// - Throws: `.notFound`; `.failedPrecondition` where it is not active; `.alreadyExists` for the name.
    public func commit(
        _ namespace: Namespace, snapshotter: String, key: String, as name: String, labels: Labels = [:]
    ) async throws {
        let driver = try self.snapshotter(snapshotter)
        let record = try await stat(namespace, snapshotter: snapshotter, key: key)
        if record.kind != .active {
            throw EngineError(.failedPrecondition, subject: "snapshot \"\(key)\"", message: "is not active")
        }
        try await BlockingWork.run { () throws(EngineError) in
            try driver.commit(record.id)
            try driver.synchronize()
        }
        let kept = labels.merging([GCLabel.root: Date().ISO8601Format()]) { given, _ in given }
        try await metadata.write {
            try $0.commitSnapshot(namespace, snapshotter, key: key, name: name, labels: kept)
        }
        await notify(namespace, .committed(key: key, name: name, snapshotter: snapshotter))
    }

    /// The snapshots of a namespace, by age.
    public func list(_ namespace: Namespace, snapshotter: String) async throws -> [SnapshotRecord] {
        _ = try self.snapshotter(snapshotter)
        return try await metadata.read { try $0.snapshots(in: namespace, snapshotter: snapshotter) }
    }

    /// - Throws: `.notFound`.
    public func stat(_ namespace: Namespace, snapshotter: String, key: String) async throws -> SnapshotRecord {
        guard let record = try await metadata.read({ try $0.snapshot(namespace, snapshotter, key) }) else {
            throw Self.missing(key)
        }
        return record
    }

    /// What the snapshot's own files take, without its parents'.
    ///
    /// - Throws: `.notFound`.
    public func usage(_ namespace: Namespace, snapshotter: String, key: String) async throws -> SnapshotUsage {
        let driver = try self.snapshotter(snapshotter)
        let record = try await stat(namespace, snapshotter: snapshotter, key: key)
        return try await BlockingWork.run { () throws(EngineError) in try driver.usage(record.id) }
    }

    /// Storage ids of a snapshot and of all beneath it, nearest first.
    func lineage(_ namespace: Namespace, snapshotter: String, key: String) async throws -> [Int64] {
        try await metadata.read { tx in
            guard let record = try tx.snapshot(namespace, snapshotter, key) else { throw Self.missing(key) }
            return [record.id] + (try tx.ancestors(of: record).map(\.id))
        }
    }

    /// Changes labels; an empty value takes one away.
    ///
    /// - Returns: the labels after it.
    /// - Throws: `.notFound`.
    public func setLabels(
        _ namespace: Namespace, snapshotter: String, key: String, _ changes: Labels
    ) async throws -> Labels {
        _ = try self.snapshotter(snapshotter)
        return try await metadata.write { tx in
            guard let record = try tx.snapshot(namespace, snapshotter, key) else { throw Self.missing(key) }
            let labels = record.labels.merging(changes) { $1 }.filter { !$0.value.isEmpty }
            try tx.setSnapshotLabels(namespace, snapshotter, key, labels)
            return labels
        }
    }
}
