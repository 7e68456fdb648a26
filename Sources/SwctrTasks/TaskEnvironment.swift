import Logging
import NIOCore
import SwctrCore
import SwctrMetadata

/// What every task of a manager works with.
struct TaskEnvironment: Sendable {
    let configuration: TaskConfiguration
    let store: MetadataStore
    let bus: EventBus
    let exits: ExitRegister
    let launcher: ShimLauncher
    let hooks: TaskHooks
    let eventLoops: any EventLoopGroup
    let log: Logger
}

/// What the engine above wants to have done with a task's end.
public struct TaskHooks: Sendable {
    /// Runs in the transaction that removes the task's row: what goes with the task goes at the same instant. `undone`: the
    /// task never came to run.
    public var removing: @Sendable (MetadataTransaction, TaskRecord, _ undone: Bool) throws -> Void
    /// Runs after it and before anybody is told that the task is gone.
    public var removed: @Sendable (Namespace, ContainerID) async -> Void

    public init(
        removing: @escaping @Sendable (MetadataTransaction, TaskRecord, _ undone: Bool) throws -> Void = { _, _, _ in },
        removed: @escaping @Sendable (Namespace, ContainerID) async -> Void = { _, _ in }
    ) {
        self.removing = removing
        self.removed = removed
    }
}
