import Foundation
public import Logging
public import SwctrCore
public import SwctrImages
public import SwctrMetadata
import SwctrProto
public import SwctrTasks
public import SwiftProtobuf

/// Takes containers away: the row and the word that its snapshot is to go in one transaction, then the snapshot.
public struct ContainerCleanup: Sendable {
    let metadata: MetadataStore
    let snapshots: SnapshotStore
    let publish: @Sendable (Namespace, String, any Message) async -> Void
    let log: Logger

    public init(
        metadata: MetadataStore, snapshots: SnapshotStore,
        publish: @escaping @Sendable (Namespace, String, any Message) async -> Void, log: Logger
    ) {
        self.metadata = metadata
        self.snapshots = snapshots
        self.publish = publish
        self.log = log
    }

    /// What a task's end means for its container: one that was to be removed goes with its task, and so does one whose
    /// `run` never came to run.
    public var hooks: TaskHooks {
        TaskHooks(
            removing: { tx, task, undone in
                let key = ContainerKey(namespace: task.namespace, id: task.id)
                guard let container = try tx.container(key.namespace, key.id) else { return }
                let hadBegun = undone ? try Self.hasRunIntent(tx, key) : false
                if container.autoRemove || hadBegun { try Self.removeRow(container, keepSnapshot: false, tx) }
            },
            removed: { [self] namespace, id in await finish(ContainerKey(namespace: namespace, id: id)) })
    }

    /// Removes a container that has no task.
    func remove(_ key: ContainerKey, keepSnapshot: Bool) async throws {
        try await metadata.write { tx in
            guard let record = try tx.container(key.namespace, key.id) else { return }
            try Self.removeRow(record, keepSnapshot: keepSnapshot, tx)
        }
        await finish(key)
    }

    /// The part inside the transaction: nobody can start what is half gone.
    private static func removeRow(_ record: ContainerRecord, keepSnapshot: Bool, _ tx: MetadataTransaction) throws {
        let key = ContainerKey(namespace: record.namespace, id: record.id)
        if !keepSnapshot, !record.snapshotKey.isEmpty {
            _ = try tx.addIntent(
                SnapshotIntent(snapshotter: record.snapshotter, snapshotKey: record.snapshotKey).record(for: key))
        }
        try tx.removeIntents(key.namespace, .run, subject: key.id.rawValue)
        _ = try tx.addIntent(IntentRecord(namespace: key.namespace, kind: .containerGone, subject: key.id.rawValue))
        _ = try tx.deleteContainer(key.namespace, key.id)
    }

    /// The part outside: snapshots that no row owns any more, and the event. What fails is logged and stays an intent,
    /// which the next start tries again.
    func finish(_ key: ContainerKey) async {
        do {
            let (intents, isGone) = try await metadata.read { tx in
                let mine = try tx.intents(.containerSnapshot).filter {
                    $0.namespace == key.namespace && $0.subject == key.id.rawValue
                }
                let gone = try tx.intents(.containerGone).contains {
                    $0.namespace == key.namespace && $0.subject == key.id.rawValue
                }
                return (mine, gone)
            }
            guard isGone else { return }
            for intent in intents { await dropSnapshot(intent) }
            _ = try await metadata.write {
                try $0.removeIntents(key.namespace, .containerGone, subject: key.id.rawValue)
            }
            await publish(
                key.namespace, "/containers/delete", Swctr_V1_ContainerDelete.with { $0.id = key.id.rawValue })
        } catch {
            log.warning(
                "container was not removed whole, the next start tries again",
                metadata: ["container.id": "\(key.id)", "namespace": "\(key.namespace)", "error": "\(error)"])
        }
    }

    /// Removes the snapshot that an intent names, then the intent.
    func dropSnapshot(_ intent: IntentRecord) async {
        do {
            let named = try SnapshotIntent(intent)
            do {
                try await snapshots.remove(intent.namespace, snapshotter: named.snapshotter, key: named.snapshotKey)
            } catch let error as EngineError where error.code == .notFound {
                // It was never made, or is gone already.
            }
            _ = try await metadata.write { try $0.removeIntent(intent.id) }
        } catch {
            log.warning(
                "snapshot was not removed, the next start tries again",
                metadata: [
                    "container.id": "\(intent.subject)", "namespace": "\(intent.namespace)", "error": "\(error)",
                ])
        }
    }

    static func hasRunIntent(_ tx: MetadataTransaction, _ key: ContainerKey) throws -> Bool {
        try tx.intents(.run).contains { $0.namespace == key.namespace && $0.subject == key.id.rawValue }
    }
}
