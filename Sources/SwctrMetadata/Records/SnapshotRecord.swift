public import Foundation
internal import GRDB
public import SwctrCore

/// A file tree: a container's writable one, a read-only view, or a committed layer.
public struct SnapshotRecord: Sendable, Hashable {
    public enum Kind: String, Sendable {
        case active, view, committed
    }

    /// Names the directory on disk; given out once, by `createSnapshot`.
    public var id: Int64
    public var namespace: Namespace
    public var snapshotter: String
    /// The name while active or a view; the name it was committed as afterwards (for image layers: the chain id).
    public var key: String
    /// The key of the committed snapshot beneath.
    public var parent: String?
    public var kind: Kind
    public var labels: Labels
    public var createdAt: Date

    /// - Parameter id: 0 until it is stored.
    public init(
        id: Int64 = 0, namespace: Namespace, snapshotter: String, key: String, parent: String?, kind: Kind,
        labels: Labels = [:], createdAt: Date = Date()
    ) {
        self.id = id
        self.namespace = namespace
        self.snapshotter = snapshotter
        self.key = key
        self.parent = parent
        self.kind = kind
        self.labels = labels
        self.createdAt = createdAt
    }
}

extension MetadataTransaction {
    /// Snapshots by age, optionally of one namespace and one snapshotter.
    public func snapshots(
        in namespace: Namespace? = nil, snapshotter: String? = nil
    ) throws(EngineError) -> [SnapshotRecord] {
        try fetchAll(
            SnapshotRecord.self, where: "namespace = ifnull(?, namespace) AND snapshotter = ifnull(?, snapshotter)",
            order: "id", [namespace?.rawValue, snapshotter])
    }

    public func snapshot(
        _ namespace: Namespace, _ snapshotter: String, _ key: String
    ) throws(EngineError) -> SnapshotRecord? {
        try fetchOne(
            SnapshotRecord.self, where: "namespace = ? AND snapshotter = ? AND key = ?",
            [namespace.rawValue, snapshotter, key])
    }

    /// Stores a new snapshot and gives it its storage id.
    ///
    /// - Throws: `.alreadyExists`; `.notFound` for the parent; `.invalidArgument` where the parent is not committed.
    public func createSnapshot(_ record: SnapshotRecord) throws(EngineError) -> SnapshotRecord {
        try LabelRule.check(record.labels)
        try ensureNamespace(record.namespace)
        if let name = record.parent {
            guard let parent = try snapshot(record.namespace, record.snapshotter, name) else {
                throw EngineError(.notFound, subject: "parent snapshot \"\(name)\"", message: "not found")
            }
            if parent.kind != .committed {
                throw EngineError(
                    .invalidArgument, subject: "parent snapshot \"\(name)\"", message: "is not committed")
            }
        }
        try insert(record)
        var stored = record
        stored.id = db.lastInsertedRowID
        return stored
    }

    /// Turns the active snapshot `key` into the committed one `name`.
    ///
    /// - Parameter onto: the committed snapshot that it stands on from now on; nil leaves it where it is.
    /// - Throws: `.notFound`; `.failedPrecondition` where it is not active; `.alreadyExists` for the name.
    public func commitSnapshot(
        _ namespace: Namespace, _ snapshotter: String, key: String, name: String, labels: Labels = [:],
        onto parent: String? = nil
    ) throws(EngineError) {
        guard let record = try snapshot(namespace, snapshotter, key) else {
            throw Self.missing(SnapshotRecord.self, key)
        }
        if record.kind != .active {
            throw EngineError(.failedPrecondition, subject: "snapshot \"\(key)\"", message: "is not active")
        }
        if name != key, try snapshot(namespace, snapshotter, name) != nil {
            throw EngineError(.alreadyExists, subject: "snapshot \"\(name)\"", message: "already exists")
        }
        let merged = record.labels.merging(labels) { $1 }
        try LabelRule.check(merged)
        do {
            try db.run(
                "UPDATE snapshots SET key = ?, kind = 'committed', labels = ?, parent = ifnull(?, parent) WHERE id = ?",
                [name, ColumnCoding.encode(merged), parent, record.id])
        } catch {
            throw MetadataStore.mapError(error, "commit", "snapshot \"\(key)\"")
        }
    }

    /// - Throws: `.notFound`.
    public func setSnapshotLabels(
        _ namespace: Namespace, _ snapshotter: String, _ key: String, _ labels: Labels
    ) throws(EngineError) {
        try LabelRule.check(labels)
        guard var record = try snapshot(namespace, snapshotter, key) else {
            throw Self.missing(SnapshotRecord.self, key)
        }
        record.labels = labels
        try update(record)
    }

    /// Removes a snapshot that nothing stands on and answers what it was.
    ///
    /// - Throws: `.notFound`; `.failedPrecondition` where it has children.
    @discardableResult
    public func removeSnapshot(
        _ namespace: Namespace, _ snapshotter: String, _ key: String
    ) throws(EngineError) -> SnapshotRecord {
        guard let record = try snapshot(namespace, snapshotter, key) else {
            throw Self.missing(SnapshotRecord.self, key)
        }
        let child = try fetchOne(
            SnapshotRecord.self, where: "namespace = ? AND snapshotter = ? AND parent = ? LIMIT 1",
            [namespace.rawValue, snapshotter, key])
        if let child {
            throw EngineError(
                .failedPrecondition, subject: "snapshot \"\(key)\"",
                message: "cannot be removed while it has a child: \"\(child.key)\"")
        }
        _ = try delete(SnapshotRecord.self, key, where: "id = ?", [record.id])
        return record
    }

    /// The snapshot's ancestors, nearest first, without itself.
    public func ancestors(of record: SnapshotRecord) throws(EngineError) -> [SnapshotRecord] {
        var chain: [SnapshotRecord] = []
        var next = record.parent
        while let key = next {
            guard let parent = try snapshot(record.namespace, record.snapshotter, key) else {
                throw EngineError(.dataLoss, subject: "snapshot \"\(key)\"", message: "is missing below its child")
            }
            chain.append(parent)
            next = parent.parent
        }
        return chain
    }
}

extension SnapshotRecord: TableRow {
    static let table = "snapshots"
    static let noun = "snapshot"
    static let keyColumns = ["id"]
    static let columns = ["id", "namespace", "snapshotter", "key", "parent", "kind", "labels", "created_at"]
    var title: String { key }
    var values: [(any DatabaseValueConvertible)?] {
        [
            id == 0 ? nil : id, namespace.rawValue, snapshotter, key, parent, kind.rawValue,
            ColumnCoding.encode(labels), ColumnCoding.encode(createdAt),
        ]
    }

    init(row: Row) throws {
        id = row["id"]
        namespace = row.identifier("namespace")
        snapshotter = row["snapshotter"]
        key = row["key"]
        parent = row["parent"]
        // The table's CHECK admits these three only.
        kind = Kind(rawValue: row["kind"]) ?? .view
        labels = try row.labels()
        createdAt = row.date("created_at")
    }
}
