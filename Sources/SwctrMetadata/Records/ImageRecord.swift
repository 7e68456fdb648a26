public import Foundation
internal import GRDB
public import SwctrCore

/// A name for content: what `images ls` shows.
public struct ImageRecord: Sendable, Hashable {
    public var namespace: Namespace
    /// The full reference, "docker.io/library/busybox:latest".
    public var name: String
    /// What the name points at: a manifest or an index.
    public var digest: Digest
    public var mediaType: String
    /// Bytes of the target document itself, not of what it refers to.
    public var size: Int64
    public var labels: Labels
    public var createdAt: Date
    public var updatedAt: Date

    public init(
        namespace: Namespace, name: String, digest: Digest, mediaType: String, size: Int64, labels: Labels = [:],
        createdAt: Date = Date(), updatedAt: Date = Date()
    ) {
        self.namespace = namespace
        self.name = name
        self.digest = digest
        self.mediaType = mediaType
        self.size = size
        self.labels = labels
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}

extension MetadataTransaction {
    /// The images of one namespace, or of all, by name.
    public func images(in namespace: Namespace? = nil) throws(EngineError) -> [ImageRecord] {
        guard let namespace else { return try fetchAll(ImageRecord.self, order: "namespace, name") }
        return try fetchAll(ImageRecord.self, where: "namespace = ?", order: "name", [namespace.rawValue])
    }

    public func image(_ namespace: Namespace, _ name: String) throws(EngineError) -> ImageRecord? {
        try fetchOne(ImageRecord.self, where: "namespace = ? AND name = ?", [namespace.rawValue, name])
    }

    /// Stores the image under its name; a name in use moves to the new target and keeps its creation time.
    public func upsertImage(_ record: ImageRecord) throws(EngineError) {
        try LabelRule.check(record.labels)
        try ensureNamespace(record.namespace)
        try upsert(record, keeping: ["created_at"])
    }

    /// Tells whether there was one.
    @discardableResult
    public func deleteImage(_ namespace: Namespace, _ name: String) throws(EngineError) -> Bool {
        try delete(ImageRecord.self, name, where: "namespace = ? AND name = ?", [namespace.rawValue, name])
    }
}

extension ImageRecord: TableRow {
    static let table = "images"
    static let noun = "image"
    static let keyColumns = ["namespace", "name"]
    static let columns = [
        "namespace", "name", "digest", "media_type", "size", "labels", "created_at", "updated_at",
    ]
    var title: String { name }
    var values: [(any DatabaseValueConvertible)?] {
        [
            namespace.rawValue, name, digest.description, mediaType, size, ColumnCoding.encode(labels),
            ColumnCoding.encode(createdAt), ColumnCoding.encode(updatedAt),
        ]
    }

    init(row: Row) throws {
        namespace = row.identifier("namespace")
        name = row["name"]
        digest = try Digest(row["digest"])
        mediaType = row["media_type"]
        size = row["size"]
        labels = try row.labels()
        createdAt = row.date("created_at")
        updatedAt = row.date("updated_at")
    }
}
