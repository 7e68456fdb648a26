import SwctrTasks
import SwctrMetadata
import SwctrCore

extension ContainerEngine {
    /// Removes a container, its snapshot, and a task of it that has ended or never started.
    ///
    /// - Throws: `.notFound`; `.failedPrecondition` while its task runs.
    public func delete(_ key: ContainerKey, keepSnapshot: Bool) async throws {
        _ = try await container(key)
        try await exclusively(key) { [self] in
            if let task = try? tasks.task(key.namespace, key.id) {
                let status = try await task.snapshot().status
                guard status == .stopped || status == .created else {
                    throw EngineError(
                        .failedPrecondition, subject: key.subject,
                        message: "cannot delete a non stopped container: \(status.rawValue)",
                        hint: "stop it first: swctr -n \(key.namespace) tasks kill \(key.id)")
                }
                try await task.delete(force: status == .created)
            }
            try await cleanup.remove(key, keepSnapshot: keepSnapshot)
        }
    }
}
