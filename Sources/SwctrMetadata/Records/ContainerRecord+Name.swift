internal import GRDB
public import SwctrCore

extension ContainerRecord {
    /// The label that holds a container's name, which is unique in its namespace and apart from all ids there.
    public static let nameLabel = "swctr.io/name"

    /// nil for a container that has only its id.
    public var name: String? { labels[Self.nameLabel] }
}

extension MetadataTransaction {
    /// The container whose id or name this is; an id goes first.
    public func containerID(_ namespace: Namespace, idOrName text: String) throws(EngineError) -> ContainerID? {
        let sql = """
            SELECT id FROM containers
            WHERE namespace = ?1 AND (id = ?2 OR json_extract(labels, '$."\(ContainerRecord.nameLabel)"') = ?2)
            ORDER BY id = ?2 DESC LIMIT 1
            """
        do {
            let statement = try db.cachedStatement(sql: sql)
            let found = try String.fetchOne(statement, arguments: [namespace.rawValue, text])
            return found.map { ContainerID(checked: $0) }
        } catch {
            throw MetadataStore.mapError(error, "read", "container \"\(text)\"")
        }
    }
}
