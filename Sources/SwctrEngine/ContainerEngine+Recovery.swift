import SwctrCore
import SwctrMetadata
import SwctrTasks

extension ContainerEngine {
    /// Finishes or undoes what an earlier manager had begun; called once, after the tasks were found again and before
    /// clients are served. Nothing is searched for: intents and rows name everything.
    public func recover() async throws {
        for intent in try await metadata.read({ try $0.intents(.run) }) {
            let key = TaskKey(namespace: intent.namespace, id: ContainerID(checked: intent.subject))
            if await hasRunningTask(key) {
                // Only the word that it had succeeded was lost.
                _ = try await metadata.write { try $0.removeIntent(intent.id) }
            } else {
                log.info(
                    "undoing a run that was cut off",
                    metadata: ["container.id": "\(key.id)", "namespace": "\(key.namespace)"])
                try? await tasks.discard(key)
                try await remove(key, keepSnapshot: false)
                _ = try await metadata.write { try $0.removeIntent(intent.id) }
            }
        }
        for intent in try await metadata.read({ try $0.intents(.containerSnapshot) }) {
            let key = TaskKey(namespace: intent.namespace, id: ContainerID(checked: intent.subject))
            if try await metadata.read({ try $0.container(key.namespace, key.id) }) == nil {
                await dropSnapshot(of: key, intent)
            } else {
                _ = try await metadata.write { try $0.removeIntent(intent.id) }
            }
        }
        try await followAgain()
    }

    /// Tasks that end with their container, or are deleted at their end, are watched for it again.
    private func followAgain() async throws {
        let (records, rows) = try await metadata.read { (try $0.containers(), try $0.tasks()) }
        let deleting = Set(rows.filter(\.deleteOnExit).map { TaskKey(namespace: $0.namespace, id: $0.id) })
        let withTask = Set(rows.map { TaskKey(namespace: $0.namespace, id: $0.id) })
        for record in records {
            let key = TaskKey(namespace: record.namespace, id: record.id)
            if withTask.contains(key) {
                if deleting.contains(key) || record.autoRemove { follow(key, autoRemove: record.autoRemove) }
            } else if record.autoRemove {
                try await remove(key, keepSnapshot: false)
            }
        }
    }

    private func hasRunningTask(_ key: TaskKey) async -> Bool {
        guard let state = try? await tasks.state(key) else { return false }
        return switch state.status {
        case .running, .paused, .pausing: true
        // One that ran and ended while nobody looked did start; its exit is for whoever asks.
        case .stopped: true
        default: false
        }
    }
}
