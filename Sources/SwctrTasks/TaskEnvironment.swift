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
    /// What is left to do outside the database once a transaction is through. It does not fail: what it cannot do it
    /// leaves to the next start, as an intent.
    public typealias FollowUp = @Sendable () async -> Void

    /// Runs in the transaction that removes the task's row: what goes with the task goes at the same instant. `undone`:
    /// the task never came to run. What it answers runs before anybody is told that the task is gone.
    public var removing: @Sendable (MetadataTransaction, TaskRecord, _ undone: Bool) throws -> FollowUp?

    public init(
        removing: @escaping @Sendable (MetadataTransaction, TaskRecord, _ undone: Bool) throws -> FollowUp? = {
            _, _, _ in nil
        }
    ) {
        self.removing = removing
    }
}
