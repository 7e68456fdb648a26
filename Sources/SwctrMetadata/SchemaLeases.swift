/// What keeps objects although no image names them.
enum SchemaLeases {
    static let statements = [
        """
        CREATE TABLE leases (
            namespace TEXT NOT NULL REFERENCES namespaces(name),
            id TEXT NOT NULL,
            labels TEXT NOT NULL DEFAULT '{}',
            created_at INTEGER NOT NULL,
            expires_at INTEGER,
            PRIMARY KEY (namespace, id)
        ) STRICT, WITHOUT ROWID
        """,
        // No reference to what is kept: a resource may be named before it is there.
        """
        CREATE TABLE lease_resources (
            namespace TEXT NOT NULL,
            lease TEXT NOT NULL,
            type TEXT NOT NULL,
            id TEXT NOT NULL,
            PRIMARY KEY (namespace, lease, type, id),
            FOREIGN KEY (namespace, lease) REFERENCES leases(namespace, id) ON DELETE CASCADE
        ) STRICT, WITHOUT ROWID
        """,
    ]
}
