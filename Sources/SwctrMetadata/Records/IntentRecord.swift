public import Foundation
internal import GRDB
public import SwctrCore

/// What is about to exist outside the database: a snapshot directory, a shim, a mount. Written before the thing
/// exists and removed after the thing is gone or is recorded in full, so that recovery never has to search.
public struct IntentRecord: Sendable, Hashable {
    /// What kinds of thing there are; open, because every module has its own.
    public struct Kind: Sendable, Hashable, RawRepresentable, ExpressibleByStringLiteral {
        public var rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
        public init(stringLiteral value: String) { rawValue = value }

        public static let snapshot: Kind = "snapshot"
        public static let shim: Kind = "shim"
        public static let bundle: Kind = "bundle"
        public static let mount: Kind = "mount"
        public static let run: Kind = "run"
    }

    /// Given out by `addIntent`; 0 before.
    public var id: Int64
    public var namespace: Namespace
    public var kind: Kind
    /// The thing: a container id, a storage id, a path.
    public var subject: String
    /// What undoing it needs to know, JSON.
    public var payload: String
    public var createdAt: Date

    public init(
        id: Int64 = 0, namespace: Namespace, kind: Kind, subject: String, payload: String = "{}",
        createdAt: Date = Date()
    ) {
        self.id = id
        self.namespace = namespace
        self.kind = kind
        self.subject = subject
        self.payload = payload
        self.createdAt = createdAt
    }
}

extension MetadataTransaction {
    /// What is unfinished, oldest first; of one kind, or of all.
    public func intents(_ kind: IntentRecord.Kind? = nil) throws(EngineError) -> [IntentRecord] {
        try fetchAll(IntentRecord.self, where: "kind = ifnull(?, kind)", order: "id", [kind?.rawValue])
    }

    /// Stores the intent and answers it with its id.
    public func addIntent(_ record: IntentRecord) throws(EngineError) -> IntentRecord {
        try insert(record)
        var stored = record
        stored.id = db.lastInsertedRowID
        return stored
    }

    /// Tells whether it was still there.
    @discardableResult
    public func removeIntent(_ id: Int64) throws(EngineError) -> Bool {
        try delete(IntentRecord.self, "\(id)", where: "id = ?", [id])
    }

    /// Removes by what the intent is about; answers how many there were.
    @discardableResult
    public func removeIntents(
        _ namespace: Namespace, _ kind: IntentRecord.Kind, subject: String
    ) throws(EngineError) -> Int {
        _ = try delete(
            IntentRecord.self, subject, where: "namespace = ? AND kind = ? AND subject = ?",
            [namespace.rawValue, kind.rawValue, subject])
        return db.changesCount
    }
}

extension IntentRecord: TableRow {
    static let table = "intents"
    static let noun = "intent"
    static let keyColumns = ["id"]
    static let columns = ["id", "namespace", "kind", "subject", "payload", "created_at"]
    var title: String { "\(kind.rawValue) \(subject)" }
    var values: [(any DatabaseValueConvertible)?] {
        [
            id == 0 ? nil : id, namespace.rawValue, kind.rawValue, subject, payload, ColumnCoding.encode(createdAt),
        ]
    }

    init(row: Row) throws {
        id = row["id"]
        namespace = row.identifier("namespace")
        kind = Kind(rawValue: row["kind"])
        subject = row["subject"]
        payload = row["payload"]
        createdAt = row.date("created_at")
    }
}
