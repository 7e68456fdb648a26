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
    let network: ContainerNetwork
    let publish: @Sendable (Namespace, String, any Message) async -> Void
    let log: Logger

    public init(
        metadata: MetadataStore, snapshots: SnapshotStore, network: ContainerNetwork,
        publish: @escaping @Sendable (Namespace, String, any Message) async -> Void, log: Logger
    ) {
        self.metadata = metadata
        self.snapshots = snapshots
        self.network = network
        self.publish = publish
        self.log = log
    }

    /// What a task's end means for its container: one that was to be removed goes with its task, and so does one whose
    /// `run` never came to run. Its place in a network goes in any case.
    public var hooks: TaskHooks {
        TaskHooks { [self] tx, task, undone in
            let key = ContainerKey(namespace: task.namespace, id: task.id)
            let attached = try tx.intents(.network).filter {
                $0.namespace == key.namespace && $0.subject == key.id.rawValue
            }
            let removal = try removal(key, undone: undone, tx)
            if attached.isEmpty { return removal }
            return {
                for intent in attached { await network.remove(intent, metadata, log) }
                await removal?()
            }
        }
    }

    private func removal(
        _ key: ContainerKey, undone: Bool, _ tx: MetadataTransaction
    ) throws -> TaskHooks.FollowUp? {
        guard let container = try tx.container(key.namespace, key.id) else { return nil }
        let hadBegun = undone ? try Self.hasRunIntent(tx, key) : false
        guard container.autoRemove || hadBegun else { return nil }
        return try removeRows(of: container, keepSnapshot: false, tx)
    }

    /// Removes a container that has no task.
    func remove(_ key: ContainerKey, keepSnapshot: Bool) async throws {
        let followUp = try await metadata.write { tx -> TaskHooks.FollowUp? in
            guard let record = try tx.container(key.namespace, key.id) else { return nil }
            return try removeRows(of: record, keepSnapshot: keepSnapshot, tx)
        }
        await followUp?()
    }

    /// Container and snapshot in one transaction: nobody can start what is half gone, and both names are free at once.
    ///
    /// - Returns: what is left to do outside of it.
    private func removeRows(
        of record: ContainerRecord, keepSnapshot: Bool, _ tx: MetadataTransaction
    ) throws -> TaskHooks.FollowUp {
        let (namespace, id) = (record.namespace, record.id)
        var removal: SnapshotStore.Removal?
        if !keepSnapshot, !record.snapshotKey.isEmpty {
            do {
                removal = try SnapshotStore.removeRow(
                    namespace, snapshotter: record.snapshotter, key: record.snapshotKey, tx)
            } catch let error as EngineError where error.code == .notFound {
                // It was never made, or is gone already.
            }
        }
        try tx.removeIntents(namespace, .run, subject: id.rawValue)
        _ = try tx.deleteContainer(namespace, id)
        return { [publish, snapshots, removal] in
            // An intent names the tree, so nobody has to wait for it.
            if let removal { Task { await snapshots.finish(removal) } }
            await publish(namespace, "/containers/delete", Swctr_V1_ContainerDelete.with { $0.id = id.rawValue })
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
