import Logging
public import SwctrCore
public import SwctrImages
public import SwctrMetadata
public import SwctrRuntime
public import SwctrTasks
import SwiftProtobuf
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
        /// Where runc and its like keep their state: a folder of this manager's own, so that containers of another
        /// engine, or of another manager, never meet ours under one id.
        public var runcRoot: String

        public init(runtime: String = RuntimeOptionRule.runcRuntime, snapshotter: String, runcRoot: String) {
            self.runtime = runtime
            self.snapshotter = snapshotter
            self.runcRoot = runcRoot
        }
    }

    let metadata: MetadataStore
    let images: ImageStore
    let snapshots: SnapshotStore
    let runtimes: RuntimeRegistry
    let tasks: TaskManager
    let cleanup: ContainerCleanup
    let accounts: AccountReader
    public let defaults: Defaults
    let publish: @Sendable (Namespace, String, any Message) async -> Void
    let log: Logger

    /// Ids that are being made or removed right now: a second request for one of them is refused, not interleaved.
    private let busy = Mutex<Set<ContainerKey>>([])

    /// - Parameters:
    ///   - tasks: made with `cleanup.hooks`, so that containers go with their tasks.
    ///   - scratch: a directory of the engine's own below `state`, for short-lived mounts.
    public init(
        images: ImageStore, runtimes: RuntimeRegistry, tasks: TaskManager, cleanup: ContainerCleanup, scratch: String,
        defaults: Defaults
    ) {
        self.metadata = cleanup.metadata
        self.images = images
        self.snapshots = cleanup.snapshots
        self.runtimes = runtimes
        self.tasks = tasks
        self.cleanup = cleanup
        self.accounts = AccountReader(scratch: scratch)
        self.defaults = defaults
        self.publish = cleanup.publish
        self.log = cleanup.log
    }

    /// The container's record.
    ///
    /// - Throws: `.notFound`.
    public func container(_ key: ContainerKey) async throws -> ContainerRecord {
        let found = try await metadata.read { try $0.container(key.namespace, key.id) }
        guard let found else {
            throw EngineError(
                .notFound, subject: key.subject, message: "not found",
                hint: "swctr -n \(key.namespace) containers ls shows what is here")
        }
        return found
    }

    /// All containers of a namespace, by id.
    public func containers(in namespace: Namespace) async throws -> [ContainerRecord] {
        try await metadata.read { try $0.containers(in: namespace) }
    }

    /// Runs `body` while no other request makes or removes the same container, and to its end even when the caller goes
    /// away meanwhile: nothing is to be left half made by a lost connection.
    func exclusively<Value: Sendable>(
        _ key: ContainerKey, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        guard busy.withLock({ $0.insert(key).inserted }) else {
            throw EngineError(
                .alreadyExists, subject: key.subject, message: "is being made or removed by another request",
                hint: "try again when that has ended")
        }
        return try await Task { [self] in
            defer { _ = busy.withLock { $0.remove(key) } }
            return try await body()
        }.value
    }
}
