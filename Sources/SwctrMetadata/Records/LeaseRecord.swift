public import Foundation
internal import GRDB
public import SwctrCore

/// Keeps the objects that it lists from being collected, until it is deleted or its time is over.
public struct LeaseRecord: Sendable, Hashable {
    public var namespace: Namespace
    public var id: String
    public var labels: Labels
    public var createdAt: Date
    /// Nil: never.
    public var expiresAt: Date?

    public init(
        namespace: Namespace, id: String, labels: Labels = [:], createdAt: Date = Date(), expiresAt: Date? = nil
    ) {
        self.namespace = namespace
        self.id = id
        self.labels = labels
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }
}

/// One thing that a lease keeps.
public struct LeaseResource: Sendable, Hashable {
    public var namespace: Namespace
    public var lease: String
    /// "content", or "snapshots/" and the snapshotter's name.
    public var type: String
    /// A digest, or a snapshot's key.
    public var id: String

    public init(namespace: Namespace, lease: String, type: String, id: String) {
        self.namespace = namespace
        self.lease = lease
        self.type = type
        self.id = id
    }
}

extension MetadataTransaction {
    /// The leases of one namespace, or of all, by id.
    public func leases(in namespace: Namespace? = nil) throws(EngineError) -> [LeaseRecord] {
        guard let namespace else { return try fetchAll(LeaseRecord.self, order: "namespace, id") }
        return try fetchAll(LeaseRecord.self, where: "namespace = ?", order: "id", [namespace.rawValue])
    }

    /// - Throws: `.alreadyExists`.
    public func createLease(_ record: LeaseRecord) throws(EngineError) {
        try LabelRule.check(record.labels)
        try ensureNamespace(record.namespace)
        try insert(record)
    }

    /// Tells whether there was one.
    @discardableResult
    public func deleteLease(_ namespace: Namespace, _ id: String) throws(EngineError) -> Bool {
        try delete(LeaseRecord.self, id, where: "namespace = ? AND id = ?", [namespace.rawValue, id])
    }

    /// What leases keep, in one namespace or in all.
    public func leaseResources(in namespace: Namespace? = nil) throws(EngineError) -> [LeaseResource] {
        try fetchAll(
            LeaseResource.self, where: "namespace = ifnull(?, namespace)", order: "namespace, lease, type, id",
            [namespace?.rawValue])
    }

    /// Lets a lease keep one more thing.
    public func addLeaseResource(_ resource: LeaseResource) throws(EngineError) { try upsert(resource) }
}

extension LeaseRecord: TableRow {
    static let table = "leases"
    static let noun = "lease"
    static let keyColumns = ["namespace", "id"]
    static let columns = ["namespace", "id", "labels", "created_at", "expires_at"]
    var title: String { id }
    var values: [(any DatabaseValueConvertible)?] {
        [
            namespace.rawValue, id, ColumnCoding.encode(labels), ColumnCoding.encode(createdAt),
            expiresAt.map(ColumnCoding.encode),
        ]
    }

    init(row: Row) throws {
        namespace = row.identifier("namespace")
        id = row["id"]
        labels = try row.labels()
        createdAt = row.date("created_at")
        expiresAt = row.optionalDate("expires_at")
    }
}

extension LeaseResource: TableRow {
    static let table = "lease_resources"
    static let noun = "lease resource"
    static let keyColumns = ["namespace", "lease", "type", "id"]
    static let columns = keyColumns
    var title: String { id }
    var values: [(any DatabaseValueConvertible)?] { [namespace.rawValue, lease, type, id] }

    init(row: Row) throws {
        namespace = row.identifier("namespace")
        lease = row["lease"]
        type = row["type"]
        id = row["id"]
    }
}
