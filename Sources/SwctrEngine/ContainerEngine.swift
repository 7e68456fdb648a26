public import Logging
public import SwctrCore
public import SwctrImages
public import SwctrMetadata
public import SwctrRuntime
public import SwctrTasks
import SwctrOCI
import SwctrProto
public import SwiftProtobuf
import Synchronization

/// What a user calls a container: a record, a snapshot and at times a task, made and removed as one thing.
///
/// Everything that can be refused is refused before anything is made. What is made outside the database is named by an
/// intent first, so that a manager that dies in between finishes or undoes it at its next start.
public final class ContainerEngine: Sendable {
    /// What applies where a request names nothing.
    public struct Defaults: Sendable {
        public var runtime: String
        public var snapshotter: String

        public init(runtime: String = RuntimeOptionRule.runcRuntime, snapshotter: String) {
            self.runtime = runtime
            self.snapshotter = snapshotter
        }
    }

    let metadata: MetadataStore
    let images: ImageStore
    let snapshots: SnapshotStore
    let runtimes: RuntimeRegistry
    let tasks: TaskManager
    let accounts: AccountReader
    public let defaults: Defaults
    let publish: @Sendable (Namespace, String, any Message) async -> Void
    let log: Logger

    /// Ids that are being made or removed right now: a second request for one of them is refused, not interleaved.
    private let busy = Mutex<Set<TaskKey>>([])
    let followers = Followers()

    /// - Parameters:
    ///   - scratch: a directory of the engine's own below `state`, for short-lived mounts.
    ///   - publish: where events about containers go.
    public init(
        metadata: MetadataStore, images: ImageStore, snapshots: SnapshotStore, runtimes: RuntimeRegistry,
        tasks: TaskManager, scratch: String, defaults: Defaults, 
        publish: @escaping @Sendable (Namespace, String, any Message) async -> Void, log: Logger
    ) {
        self.metadata = metadata
        self.images = images
        self.snapshots = snapshots
        self.runtimes = runtimes
        self.tasks = tasks
        self.accounts = AccountReader(scratch: scratch)
        self.defaults = defaults
        self.publish = publish
        self.log = log
    }

    /// The container's record.
    ///
    /// - Throws: `.notFound`.
    public func container(_ key: TaskKey) async throws -> ContainerRecord {
        let found = try await metadata.read { try $0.container(key.namespace, key.id) }
        guard let found else {
            throw EngineError(
                .notFound, subject: "container \"\(key.id)\"", message: "not found",
                hint: "swctr -n \(key.namespace) containers ls shows what is here")
        }
        return found
    }

    /// All containers of a namespace, by id.
    public func containers(in namespace: Namespace) async throws -> [ContainerRecord] {
        try await metadata.read { try $0.containers(in: namespace) }
    }

    /// Runs `body` while no other request makes or removes the same container.
    func exclusively<Value: Sendable>(
        _ key: TaskKey, _ operation: String, _ body: () async throws -> Value
    ) async throws -> Value {
        guard busy.withLock({ $0.insert(key).inserted }) else {
            throw EngineError(
                .alreadyExists, operation: operation, subject: "container \"\(key.id)\"",
                message: "is being made or removed by another request", hint: "try again when that has ended")
        }
        defer { _ = busy.withLock { $0.remove(key) } }
        return try await body()
    }
}
