public import SwctrCore
import SwctrMetadata
import SwctrProto
import SwctrTasks

extension ContainerEngine {
    /// Removes a container, its snapshot, and a task of it that has ended or never started.
    ///
    /// - Throws: `.notFound`; `.failedPrecondition` while its task runs.
    public func delete(_ key: TaskKey, keepSnapshot: Bool) async throws {
        _ = try await container(key)
        try await exclusively(key, "delete") {
            do {
                let task = try await tasks.state(key)
                guard task.status == .stopped || task.status == .created else {
                    throw EngineError(
                        .failedPrecondition, subject: "container \"\(key.id)\"",
                        message: "cannot delete a non stopped container: \(task.status)",
                        hint: "stop it first: swctr -n \(key.namespace) tasks kill \(key.id)")
                }
                _ = try await tasks.delete(key)
            } catch let error as EngineError where error.code == .notFound {
                // It has no task.
            }
            try await remove(key, keepSnapshot: keepSnapshot)
        }
    }

    /// Record first, so that nobody starts what is half gone; the intent removes the snapshot even if we die here.
    func remove(_ key: TaskKey, keepSnapshot: Bool) async throws {
        let removed = try await metadata.write { tx -> IntentRecord?? in
            guard let record = try tx.container(key.namespace, key.id) else { return .none }
            var intent: IntentRecord?
            if !keepSnapshot, !record.snapshotKey.isEmpty {
                intent = try tx.addIntent(
                    ContainerIntent(snapshotter: record.snapshotter, snapshotKey: record.snapshotKey).record(for: key))
            }
            try tx.removeIntents(key.namespace, .run, subject: key.id.rawValue)
            _ = try tx.deleteContainer(key.namespace, key.id)
            return .some(intent)
        }
        guard let intent = removed else { return }
        if let intent { await dropSnapshot(of: key, intent) }
        var event = Swctr_V1_ContainerDelete()
        event.id = key.id.rawValue
        await publish(key.namespace, "/containers/delete", event)
    }

    /// Removes the snapshot that an intent names, then the intent. A failure is logged and leaves the intent, which the
    /// next start tries again.
    func dropSnapshot(of key: TaskKey, _ intent: IntentRecord) async {
        do {
            let named = try ContainerIntent(intent)
            do {
                try await snapshots.remove(key.namespace, snapshotter: named.snapshotter, key: named.snapshotKey)
            } catch let error as EngineError where error.code == .notFound {
                // It was never made, or is gone already.
            }
            _ = try await metadata.write { try $0.removeIntent(intent.id) }
        } catch {
            log.warning(
                "snapshot was not removed, the next start tries again",
                metadata: ["container.id": "\(key.id)", "namespace": "\(key.namespace)", "error": "\(error)"])
        }
    }
}
