import Foundation
public import Logging
public import SwctrCore
import SwctrLinux
public import SwctrMetadata
public import SwctrSnapshots

/// Snapshots by name: rows of a namespace, trees of a snapshotter, kept in step.
///
/// An intent names a tree from before it exists until it is complete, and from before it is removed until it is gone.
/// A snapshot that an intent still names at the next start was being made or removed, and is removed then.
public final class SnapshotStore: Sendable {
    let metadata: MetadataStore
    private let snapshotters: [String: any Snapshotter]
    let notify: @Sendable (Namespace, SnapshotEvent) async -> Void
    private let log: Logger

    /// - Parameter notify: told of every snapshot that is prepared, committed or removed.
    public init(
        metadata: MetadataStore, snapshotters: [any Snapshotter],
        notify: @escaping @Sendable (Namespace, SnapshotEvent) async -> Void, log: Logger
    ) {
        self.metadata = metadata
        self.snapshotters = Dictionary(snapshotters.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        self.notify = notify
        self.log = log
    }

    /// Names of the snapshotters that work here, sorted.
    public var names: [String] { snapshotters.keys.sorted() }

    /// - Throws: `.notFound` that says which there are.
    public func snapshotter(_ name: String) throws(EngineError) -> any Snapshotter {
        guard let found = snapshotters[name] else {
            throw EngineError(
                .notFound, subject: "snapshotter \"\(name)\"",
                message: "not found, there is \(names.joined(separator: ", "))")
        }
        return found
    }

    /// Makes a writable snapshot on a committed one, or on nothing.
    ///
    /// - Returns: how it is mounted.
    /// - Throws: `.alreadyExists`; `.notFound` for snapshotter and parent.
    public func prepare(
        _ namespace: Namespace, snapshotter: String, key: String, parent: String?, labels: Labels = [:]
    ) async throws -> [Mount] {
        let made = try await make(.active, namespace, snapshotter, key, parent, labels)
        let driver = try self.snapshotter(snapshotter)
        return try driver.mounts(made.record.id, parents: made.parents, readOnly: false)
    }

    /// How an existing snapshot is mounted.
    ///
    /// - Throws: `.notFound`; `.failedPrecondition` for a committed one, which is to be viewed.
    public func mounts(_ namespace: Namespace, snapshotter: String, key: String) async throws -> [Mount] {
        let driver = try self.snapshotter(snapshotter)
        let (record, parents) = try await metadata.read { tx in
            guard let record = try tx.snapshot(namespace, snapshotter, key) else { throw Self.missing(key) }
            return (record, try tx.ancestors(of: record).map(\.id))
        }
        if record.kind == .committed {
            throw EngineError(
                .failedPrecondition, subject: "snapshot \"\(key)\"", message: "is committed and cannot be mounted")
        }
        return try driver.mounts(record.id, parents: parents, readOnly: record.kind == .view)
    }

    /// Removes a snapshot that nothing stands on. It is gone for everybody when this returns; its bytes follow.
    ///
    /// - Throws: `.notFound`; `.failedPrecondition` where it has children.
    public func remove(_ namespace: Namespace, snapshotter: String, key: String) async throws {
        let driver = try self.snapshotter(snapshotter)
        let removal = try await metadata.write { try Self.removeRow(namespace, snapshotter: snapshotter, key: key, $0) }
        try await detach(removal.record.id, driver, removal.intent)
        await notify(namespace, .removed(key: key, snapshotter: snapshotter))
    }

    /// A snapshot whose row is gone and whose tree is to follow.
    public struct Removal: Sendable {
        fileprivate var record: SnapshotRecord
        fileprivate var intent: IntentRecord
    }

    /// The first half of `remove`, for a transaction that takes away what the snapshot belonged to as well.
    ///
    /// - Throws: `.notFound`; `.failedPrecondition` where it has children.
    public static func removeRow(
        _ namespace: Namespace, snapshotter: String, key: String, _ transaction: MetadataTransaction
    ) throws -> Removal {
        let record = try transaction.removeSnapshot(namespace, snapshotter, key)
        return Removal(record: record, intent: try transaction.addIntent(Self.intent(record)))
    }

    /// The second half, once that transaction is through. What fails stays an intent, which the next start tries again.
    public func finish(_ removal: Removal) async {
        let record = removal.record
        do {
            try await detach(record.id, try snapshotter(record.snapshotter), removal.intent)
            await notify(record.namespace, .removed(key: record.key, snapshotter: record.snapshotter))
        } catch {
            log.warning(
                "snapshot was not removed whole, the next start tries again",
                metadata: ["snapshot.key": "\(record.key)", "error": "\(error)"])
        }
    }

    /// Removes what an earlier manager was making or removing.
    public func recover() async throws {
        for intent in try await metadata.read({ try $0.intents(.snapshot) }) {
            guard let id = Int64(intent.subject), let driver = snapshotters[intent.payload] else {
                log.warning("snapshot intent of no known snapshotter", metadata: ["intent": "\(intent.id)"])
                continue
            }
            try await metadata.write { tx in
                let rows = try tx.snapshots(in: intent.namespace, snapshotter: intent.payload)
                if let row = rows.first(where: { $0.id == id }) {
                    try tx.removeSnapshot(row.namespace, row.snapshotter, row.key)
                }
            }
            try await detach(id, driver, intent)
        }
        for driver in snapshotters.values { emptyTrash(driver) }
    }

    // MARK: Making

    struct Made: Sendable {
        var record: SnapshotRecord
        /// Storage ids, nearest first.
        var parents: [Int64]
        var intent: IntentRecord
    }

    /// - Parameter untilCommit: the intent stays until the snapshot is committed: an unpack that is cut off leaves nothing.
    func make(
        _ kind: SnapshotRecord.Kind, _ namespace: Namespace, _ snapshotter: String, _ key: String, _ parent: String?,
        _ labels: Labels = [:], untilCommit: Bool = false
    ) async throws -> Made {
        let driver = try self.snapshotter(snapshotter)
        let made = try await metadata.write { tx in
            let record = try tx.createSnapshot(
                SnapshotRecord(
                    namespace: namespace, snapshotter: snapshotter, key: key, parent: parent, kind: kind, labels: labels
                ))
            return Made(
                record: record, parents: try tx.ancestors(of: record).map(\.id),
                intent: try tx.addIntent(Self.intent(record)))
        }
        do {
            try await BlockingWork.run { () throws(EngineError) in
                try driver.prepare(made.record.id, parents: made.parents)
            }
            if !untilCommit { _ = try await metadata.write { try $0.removeIntent(made.intent.id) } }
        } catch {
            await undo(made)
            throw error
        }
        await notify(namespace, .prepared(key: key, parent: parent ?? "", snapshotter: snapshotter))
        return made
    }

    /// Ends writing: brings the tree to the disk, then gives it its lasting name.
    ///
    /// - Parameter parent: what it stands on from now on, where it was made before that was there.
    func commit(_ made: Made, as name: String, onto parent: String? = nil) async throws {
        let record = made.record
        let driver = try snapshotter(record.snapshotter)
        try await BlockingWork.run { () throws(EngineError) in
            try driver.commit(record.id)
            try driver.synchronize()
        }
        try await metadata.write { tx in
            try tx.commitSnapshot(record.namespace, record.snapshotter, key: record.key, name: name, onto: parent)
            try tx.removeIntent(made.intent.id)
        }
        await notify(
            record.namespace, .committed(key: record.key, name: name, snapshotter: record.snapshotter))
    }

    /// Removes a snapshot that did not come to be; what fails stays an intent.
    func undo(_ made: Made) async {
        let record = made.record
        do {
            let driver = try snapshotter(record.snapshotter)
            _ = try await metadata.write { try $0.removeSnapshot(record.namespace, record.snapshotter, record.key) }
            try await detach(record.id, driver, made.intent)
        } catch {
            log.warning(
                "half-made snapshot was not removed, the next start tries again",
                metadata: ["snapshot.key": "\(record.key)", "error": "\(error)"])
        }
    }

    private func detach(_ id: Int64, _ driver: any Snapshotter, _ intent: IntentRecord) async throws {
        try await BlockingWork.run { () throws(EngineError) in try driver.detach(id) }
        _ = try await metadata.write { try $0.removeIntent(intent.id) }
        emptyTrash(driver)
    }

    /// Nobody waits for bytes to be freed.
    private func emptyTrash(_ driver: any Snapshotter) {
        Task { [log] in
            do {
                try await BlockingWork.run { () throws(EngineError) in try driver.emptyTrash() }
            } catch {
                log.warning(
                    "snapshot trash was not emptied", metadata: ["snapshotter": "\(driver.name)", "error": "\(error)"])
            }
        }
    }

    private static func intent(_ record: SnapshotRecord) -> IntentRecord {
        IntentRecord(
            namespace: record.namespace, kind: .snapshot, subject: "\(record.id)", payload: record.snapshotter)
    }

    static func missing(_ key: String) -> EngineError {
        EngineError(.notFound, subject: "snapshot \"\(key)\"", message: "not found")
    }
}

/// What happens to snapshots.
public enum SnapshotEvent: Sendable, Hashable {
    case prepared(key: String, parent: String, snapshotter: String)
    case committed(key: String, name: String, snapshotter: String)
    case removed(key: String, snapshotter: String)
}
