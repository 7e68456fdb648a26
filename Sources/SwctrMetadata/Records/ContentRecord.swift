public import Foundation
internal import GRDB
public import SwctrCore

/// A blob that a namespace may see. The bytes are on disk once, whatever the number of rows.
public struct ContentRecord: Sendable, Hashable {
    public var namespace: Namespace
    public var digest: Digest
    /// Bytes of the blob.
    public var size: Int64
    public var labels: Labels
    public var createdAt: Date

    public init(namespace: Namespace, digest: Digest, size: Int64, labels: Labels = [:], createdAt: Date = Date()) {
        self.namespace = namespace
        self.digest = digest
        self.size = size
        self.labels = labels
        self.createdAt = createdAt
    }
}

extension MetadataTransaction {
    /// The blobs of one namespace, or all rows, by digest.
    public func content(in namespace: Namespace? = nil) throws(EngineError) -> [ContentRecord] {
        guard let namespace else { return try fetchAll(ContentRecord.self, order: "namespace, digest") }
        return try fetchAll(ContentRecord.self, where: "namespace = ?", order: "digest", [namespace.rawValue])
    }

    public func content(_ namespace: Namespace, _ digest: Digest) throws(EngineError) -> ContentRecord? {
        try fetchOne(ContentRecord.self, where: "namespace = ? AND digest = ?", [namespace.rawValue, "\(digest)"])
    }

    /// Whether any namespace has the blob.
    public func hasContent(_ digest: Digest) throws(EngineError) -> Bool {
        try fetchOne(ContentRecord.self, where: "digest = ? LIMIT 1", ["\(digest)"]) != nil
    }

    /// Adds the row; one that is there keeps its labels and its time.
    public func addContent(_ record: ContentRecord) throws(EngineError) {
        try LabelRule.check(record.labels)
        try ensureNamespace(record.namespace)
        try upsert(record, keeping: ["labels", "created_at"])
    }

    /// - Throws: `.notFound`.
    public func setContentLabels(
        _ namespace: Namespace, _ digest: Digest, _ labels: Labels
    ) throws(EngineError) {
        try LabelRule.check(labels)
        guard var record = try content(namespace, digest) else {
            throw Self.missing(ContentRecord.self, "\(digest)")
        }
        record.labels = labels
        try update(record)
    }

    /// Tells whether there was a row.
    @discardableResult
    public func removeContent(_ namespace: Namespace, _ digest: Digest) throws(EngineError) -> Bool {
        try delete(
            ContentRecord.self, "\(digest)", where: "namespace = ? AND digest = ?", [namespace.rawValue, "\(digest)"])
    }
}

extension ContentRecord: TableRow {
    static let table = "content"
    static let noun = "content"
    static let keyColumns = ["namespace", "digest"]
    static let columns = ["namespace", "digest", "size", "labels", "created_at"]
    var title: String { digest.description }
    var values: [(any DatabaseValueConvertible)?] {
        [
            namespace.rawValue, digest.description, size, ColumnCoding.encode(labels),
            ColumnCoding.encode(createdAt),
        ]
    }

    init(row: Row) throws {
        namespace = row.identifier("namespace")
        digest = try Digest(row["digest"])
        size = row["size"]
        labels = try row.labels()
        createdAt = row.date("created_at")
    }
}
