internal import GRDB
public import Logging
public import SwctrCore
internal import Synchronization

/// All that the engine knows, in one SQLite file: what exists, what is wanted, and what is about to exist.
///
/// One connection in WAL mode does everything. A second one would serve reads beside a write, but costs memory, and
/// writes here take well under a millisecond.
///
/// Durability: `synchronous=NORMAL` keeps the file consistent through power loss and loses at most the last
/// transactions; losing the process alone loses nothing.
public final class MetadataStore: Sendable {
    private let queue: DatabaseQueue
    /// Held while work is handed to the queue, so that none comes after the closing: GRDB takes that for a mistake of the
    /// program and traps.
    private let isClosed = Mutex(false)
    /// The file, for messages.
    public let path: String

    private init(queue: DatabaseQueue, path: String) {
        self.queue = queue
        self.path = path
    }

    /// Opens the file, creates it where there is none, checks it and brings its schema up to date.
    ///
    /// - Throws: `.dataLoss` for a damaged file, `.failedPrecondition` for one that a newer swctr wrote, else what the
    ///   file system answered. The file is left as it was found.
    public static func open(at path: String, log: Logger) throws(EngineError) -> MetadataStore {
        let queue: DatabaseQueue
        do {
            queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.read { db in
                // Finds torn pages and lost rows in milliseconds; the full check would also compare every index.
                let verdict = try String.fetchOne(db, sql: "PRAGMA quick_check(1)") ?? "no answer"
                if verdict != "ok" { throw damaged(path, verdict) }
                if try Migrations.migrator.hasBeenSuperseded(db) {
                    throw EngineError(
                        .failedPrecondition, operation: "open metadata", subject: path,
                        message: "was written by a newer swctr", hint: "start that version, or use another --root")
                }
            }
            try Migrations.migrator.migrate(queue)
        } catch {
            throw mapError(error, "open metadata", path)
        }
        log.debug("metadata opened", metadata: ["path": "\(path)"])
        return MetadataStore(queue: queue, path: path)
    }

    /// Runs reads that see one state of the database.
    public func read<Value: Sendable>(
        _ body: @escaping @Sendable (MetadataTransaction) throws -> Value
    ) async throws -> Value {
        do {
            return try await withCheckedThrowingContinuation { continuation in
                let isQueued = enqueue {
                    queue.asyncRead { result in
                        continuation.resume(with: Result { try body(MetadataTransaction(db: result.get())) })
                    }
                }
                if !isQueued { continuation.resume(throwing: closed) }
            }
        } catch {
            throw Self.mapError(error, "read metadata", path)
        }
    }

    /// Runs changes that belong together: all of them are kept, or none when `body` throws.
    ///
    /// The transaction runs to its end even when the calling task is cancelled: clean-up after a client that went away
    /// must still be recorded.
    public func write<Value: Sendable>(
        _ body: @escaping @Sendable (MetadataTransaction) throws -> Value
    ) async throws -> Value {
        do {
            return try await withCheckedThrowingContinuation { continuation in
                let isQueued = enqueue {
                    queue.asyncWrite({ db in try body(MetadataTransaction(db: db)) }) { _, result in
                        continuation.resume(with: result)
                    }
                }
                if !isQueued { continuation.resume(throwing: closed) }
            }
        } catch {
            throw Self.mapError(error, "change metadata", path)
        }
    }

    private func enqueue(_ work: () -> Void) -> Bool {
        isClosed.withLock { isClosed in
            if isClosed { return false }
            work()
            return true
        }
    }

    private var closed: EngineError {
        EngineError(.unavailable, subject: path, message: "metadata is closed, the manager is ending")
    }

    /// Folds the write-ahead log back and closes the file, after the work that it was given; later calls fail with
    /// `.unavailable`.
    public func close() throws(EngineError) {
        isClosed.withLock { $0 = true }
        do { try queue.close() } catch { throw Self.mapError(error, "close metadata", path) }
    }

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.label = "swctr.metadata"
        configuration.journalMode = .wal
        configuration.foreignKeysEnabled = true
        // Another process on the file is an administrator with the sqlite3 tool: wait for it, but not for ever.
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA synchronous = NORMAL")
            // KiB when negative: the working set is a few dozen pages, and an idle manager should stay small.
            try db.execute(sql: "PRAGMA cache_size = -512")
        }
        return configuration
    }

    private static func damaged(_ path: String, _ verdict: String) -> EngineError {
        EngineError(
            .dataLoss, operation: "open metadata", subject: path, message: "is damaged: \(verdict)",
            hint: "move the file away to start with an empty store, or restore a copy of it")
    }

    static func mapError(_ error: any Error, _ operation: String, _ subject: String) -> EngineError {
        guard let error = error as? DatabaseError else { return EngineError(wrapping: error) }
        let text = error.message ?? "\(error.resultCode)"
        switch error.resultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: return damaged(subject, text)
        case .SQLITE_FULL:
            return EngineError(.resourceExhausted, operation: operation, subject: subject, message: "disk is full")
        case .SQLITE_CANTOPEN:
            return EngineError(
                .notFound, operation: operation, subject: subject, message: text,
                hint: "check that its folder exists and can be written")
        case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH:
            return EngineError(.permissionDenied, operation: operation, subject: subject, message: text)
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return EngineError(
                .unavailable, operation: operation, subject: subject, message: "another process holds the database")
        case .SQLITE_CONSTRAINT:
            return EngineError(.failedPrecondition, operation: operation, subject: subject, message: text)
        default:
            return EngineError(.internal, operation: operation, subject: subject, message: text)
        }
    }
}
