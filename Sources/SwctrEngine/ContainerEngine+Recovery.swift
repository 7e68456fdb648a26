import Logging
import SwctrCore
import SwctrMetadata
import SwctrTasks

extension ContainerEngine {
    /// Finishes or undoes what an earlier manager had begun; called once, after the tasks were found again and before
    /// clients are served. Nothing is searched for: intents and rows name everything.
    public func recover() async throws {
        try await accounts.recover()
        for intent in try await metadata.read({ try $0.intents(.run) }) { try await recoverRun(intent) }
        for intent in try await metadata.read({ try $0.intents(.network) }) {
            let id = ContainerID(checked: intent.subject)
            if (try? tasks.task(intent.namespace, id)) == nil { await cleanup.network.remove(intent, metadata, log) }
        }
        for record in try await metadata.read({ try $0.containers() }) where record.autoRemove {
            // Its task went, and the word of it did not arrive here.
            if (try? tasks.task(record.namespace, record.id)) == nil {
                try await cleanup.remove(
                    ContainerKey(namespace: record.namespace, id: record.id), keepSnapshot: false)
            }
        }
        for intent in try await metadata.read({ try $0.intents(.containerSnapshot) }) {
            let id = ContainerID(checked: intent.subject)
            if try await metadata.read({ try $0.container(intent.namespace, id) }) == nil {
                await cleanup.dropSnapshot(intent)
            } else {
                // A later container took the name, and the snapshot of that name is its own.
                _ = try await metadata.write { try $0.removeIntent(intent.id) }
            }
        }
    }

    private func recoverRun(_ intent: IntentRecord) async throws {
        let key = ContainerKey(namespace: intent.namespace, id: ContainerID(checked: intent.subject))
        if let task = try? tasks.task(key.namespace, key.id) {
            let status = try? await task.snapshot().status
            if status != .created, status != .creating {
                // It did start, and only the word that it had was lost; how it ended is for whoever asks.
                _ = try await metadata.write { try $0.removeIntent(intent.id) }
                return
            }
            log.info(
                "undoing a run that was cut off",
                metadata: ["container.id": "\(key.id)", "namespace": "\(key.namespace)"])
            try await task.delete(force: true)
        }
        try await cleanup.remove(key, keepSnapshot: false)
        _ = try await metadata.write { try $0.removeIntent(intent.id) }
    }
}
