public import Foundation
internal import GRDB
public import SwctrCore

/// A container as it was asked for; whether it runs is its task's matter.
public struct ContainerRecord: Sendable, Hashable {
    public var namespace: Namespace
    public var id: ContainerID
    /// The image's name; empty for a plain root directory.
    public var image: String
    public var labels: Labels
    public var runtimeName: String
    /// A serialized `google.protobuf.Any`; nil where no option was given.
    public var runtimeOptions: Data?
    /// The OCI runtime configuration, JSON.
    public var spec: Data
    /// Empty, as is the key, where the container has no snapshot.
    public var snapshotter: String
    public var snapshotKey: String
    /// Delete container and snapshot once its task has ended.
    public var autoRemove: Bool
    public var createdAt: Date
    public var updatedAt: Date

    public init(
        namespace: Namespace, id: ContainerID, image: String = "", labels: Labels = [:], runtimeName: String,
        runtimeOptions: Data? = nil, spec: Data, snapshotter: String = "", snapshotKey: String = "",
        autoRemove: Bool = false, createdAt: Date = Date(), updatedAt: Date = Date()
    ) {
        self.namespace = namespace
        self.id = id
        self.image = image
        self.labels = labels
        self.runtimeName = runtimeName
        self.runtimeOptions = runtimeOptions
        self.spec = spec
        self.snapshotter = snapshotter
        self.snapshotKey = snapshotKey
        self.autoRemove = autoRemove
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}

extension MetadataTransaction {
    /// The containers of one namespace, or of all, by age.
    public func containers(in namespace: Namespace? = nil) throws(EngineError) -> [ContainerRecord] {
        guard let namespace else { return try fetchAll(ContainerRecord.self, order: "created_at, namespace, id") }
        return try fetchAll(
            ContainerRecord.self, where: "namespace = ?", order: "created_at, id", [namespace.rawValue])
    }

    public func container(_ namespace: Namespace, _ id: ContainerID) throws(EngineError) -> ContainerRecord? {
        try fetchOne(ContainerRecord.self, where: "namespace = ? AND id = ?", [namespace.rawValue, id.rawValue])
    }

    /// - Throws: `.alreadyExists`.
    public func createContainer(_ record: ContainerRecord) throws(EngineError) {
        try LabelRule.check(record.labels)
        try ensureNamespace(record.namespace)
        try insert(record)
    }

    /// - Throws: `.notFound`.
    public func updateContainer(_ record: ContainerRecord) throws(EngineError) {
        try LabelRule.check(record.labels)
        try update(record)
    }

    /// Tells whether there was one.
    ///
    /// - Throws: `.failedPrecondition` while it has a task.
    @discardableResult
    public func deleteContainer(_ namespace: Namespace, _ id: ContainerID) throws(EngineError) -> Bool {
        if try task(namespace, id) != nil {
            throw EngineError(
                .failedPrecondition, subject: "container \"\(id)\"", message: "cannot be deleted while it has a task")
        }
        return try delete(
            ContainerRecord.self, id.rawValue, where: "namespace = ? AND id = ?", [namespace.rawValue, id.rawValue])
    }
}

extension ContainerRecord: TableRow {
    static let table = "containers"
    static let noun = "container"
    static let keyColumns = ["namespace", "id"]
    static let columns = [
        "namespace", "id", "image", "labels", "runtime_name", "runtime_options", "spec", "snapshotter",
        "snapshot_key", "auto_remove", "created_at", "updated_at",
    ]
    var title: String { id.rawValue }
    var values: [(any DatabaseValueConvertible)?] {
        [
            namespace.rawValue, id.rawValue, image, ColumnCoding.encode(labels), runtimeName, runtimeOptions, spec,
            snapshotter, snapshotKey, autoRemove, ColumnCoding.encode(createdAt), ColumnCoding.encode(updatedAt),
        ]
    }

    init(row: Row) throws {
        namespace = row.identifier("namespace")
        id = row.identifier("id")
        image = row["image"]
        labels = try row.labels()
        runtimeName = row["runtime_name"]
        runtimeOptions = row["runtime_options"]
        spec = row["spec"]
        snapshotter = row["snapshotter"]
        snapshotKey = row["snapshot_key"]
        autoRemove = row["auto_remove"]
        createdAt = row.date("created_at")
        updatedAt = row.date("updated_at")
    }
}
