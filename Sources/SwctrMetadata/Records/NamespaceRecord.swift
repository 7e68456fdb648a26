public import Foundation
internal import GRDB
public import SwctrCore

/// A tenant.
public struct NamespaceRecord: Sendable, Hashable {
    public var name: Namespace
    public var labels: Labels
    public var createdAt: Date

    public init(name: Namespace, labels: Labels = [:], createdAt: Date = Date()) {
        self.name = name
        self.labels = labels
        self.createdAt = createdAt
    }
}

extension MetadataTransaction {
    /// All namespaces, by name.
    public func namespaces() throws(EngineError) -> [NamespaceRecord] {
        try fetchAll(NamespaceRecord.self, order: "name")
    }

    public func namespace(_ name: Namespace) throws(EngineError) -> NamespaceRecord? {
        try fetchOne(NamespaceRecord.self, where: "name = ?", [name.rawValue])
    }

    /// - Throws: `.alreadyExists`.
    public func createNamespace(_ record: NamespaceRecord) throws(EngineError) {
        try LabelRule.check(record.labels)
        try insert(record)
    }

    /// Makes sure that the namespace exists: it comes into being on first use, as with ctr.
    public func ensureNamespace(_ name: Namespace) throws(EngineError) {
        do {
            try db.run(
                "INSERT INTO namespaces (name, created_at) VALUES (?, ?) ON CONFLICT DO NOTHING",
                [name.rawValue, ColumnCoding.encode(Date())])
        } catch {
            throw MetadataStore.mapError(error, "create", "namespace \"\(name)\"")
        }
    }

    /// - Throws: `.notFound`.
    public func setNamespaceLabels(_ name: Namespace, _ labels: Labels) throws(EngineError) {
        try LabelRule.check(labels)
        guard var record = try namespace(name) else {
            throw Self.missing(NamespaceRecord.self, name.rawValue)
        }
        record.labels = labels
        try update(record)
    }

    /// Removes an empty namespace.
    ///
    /// - Throws: `.notFound`; `.failedPrecondition` that says what is still in it.
    public func deleteNamespace(_ name: Namespace) throws(EngineError) {
        let left = try contents(of: name)
        if !left.isEmpty {
            throw EngineError(
                .failedPrecondition, subject: "namespace \"\(name)\"",
                message: "must be empty, but it still has \(left.joined(separator: ", "))")
        }
        // A lease keeps something; where there is nothing, it goes along.
        for lease in try leases(in: name) { try deleteLease(name, lease.id) }
        if try !delete(NamespaceRecord.self, name.rawValue, where: "name = ?", [name.rawValue]) {
            throw Self.missing(NamespaceRecord.self, name.rawValue)
        }
    }

    private func contents(of name: Namespace) throws(EngineError) -> [String] {
        do {
            return try ["images", "containers", "snapshots", "content"].compactMap { table in
                let sql = "SELECT count(*) FROM \(table) WHERE namespace = ?"
                let count = try Int.fetchOne(db, sql: sql, arguments: [name.rawValue]) ?? 0
                if count == 0 { return nil }
                if table == "content" { return count == 1 ? "1 blob" : "\(count) blobs" }
                return count == 1 ? "1 \(table.dropLast())" : "\(count) \(table)"
            }
        } catch {
            throw MetadataStore.mapError(error, "read", "namespace \"\(name)\"")
        }
    }
}

extension NamespaceRecord: TableRow {
    static let table = "namespaces"
    static let noun = "namespace"
    static let keyColumns = ["name"]
    static let columns = ["name", "labels", "created_at"]
    var title: String { name.rawValue }
    var values: [(any DatabaseValueConvertible)?] {
        [name.rawValue, ColumnCoding.encode(labels), ColumnCoding.encode(createdAt)]
    }

    init(row: Row) throws {
        name = row.identifier("name")
        labels = try row.labels()
        createdAt = row.date("created_at")
    }
}
