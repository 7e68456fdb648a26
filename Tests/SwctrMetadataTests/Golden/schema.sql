CREATE TABLE containers (
    namespace TEXT NOT NULL REFERENCES namespaces(name),
    id TEXT NOT NULL,
    image TEXT NOT NULL DEFAULT '',
    labels TEXT NOT NULL DEFAULT '{}',
    runtime_name TEXT NOT NULL,
    runtime_options BLOB,
    spec BLOB NOT NULL,
    snapshotter TEXT NOT NULL DEFAULT '',
    snapshot_key TEXT NOT NULL DEFAULT '',
    auto_remove INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (namespace, id)
) STRICT;
CREATE TABLE content (
    namespace TEXT NOT NULL REFERENCES namespaces(name),
    digest TEXT NOT NULL,
    size INTEGER NOT NULL,
    labels TEXT NOT NULL DEFAULT '{}',
    created_at INTEGER NOT NULL,
    PRIMARY KEY (namespace, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX content_by_digest ON content(digest);
CREATE TABLE execs (
    namespace TEXT NOT NULL,
    id TEXT NOT NULL,
    exec_id TEXT NOT NULL,
    pid INTEGER,
    stdin TEXT NOT NULL DEFAULT '',
    stdout TEXT NOT NULL DEFAULT '',
    stderr TEXT NOT NULL DEFAULT '',
    terminal INTEGER NOT NULL DEFAULT 0,
    status TEXT NOT NULL,
    exit_status INTEGER,
    exited_at INTEGER,
    PRIMARY KEY (namespace, id, exec_id),
    FOREIGN KEY (namespace, id) REFERENCES tasks(namespace, id) ON DELETE CASCADE
) STRICT;
CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
CREATE TABLE images (
    namespace TEXT NOT NULL REFERENCES namespaces(name),
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    labels TEXT NOT NULL DEFAULT '{}',
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (namespace, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE intents (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    namespace TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    payload TEXT NOT NULL DEFAULT '{}',
    created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE lease_resources (
    namespace TEXT NOT NULL,
    lease TEXT NOT NULL,
    type TEXT NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (namespace, lease, type, id),
    FOREIGN KEY (namespace, lease) REFERENCES leases(namespace, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE TABLE leases (
    namespace TEXT NOT NULL REFERENCES namespaces(name),
    id TEXT NOT NULL,
    labels TEXT NOT NULL DEFAULT '{}',
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (namespace, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE namespaces (
    name TEXT NOT NULL PRIMARY KEY,
    labels TEXT NOT NULL DEFAULT '{}',
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE snapshots (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    namespace TEXT NOT NULL REFERENCES namespaces(name),
    snapshotter TEXT NOT NULL,
    key TEXT NOT NULL,
    parent TEXT,
    kind TEXT NOT NULL CHECK (kind IN ('active', 'view', 'committed')),
    labels TEXT NOT NULL DEFAULT '{}',
    created_at INTEGER NOT NULL,
    UNIQUE (namespace, snapshotter, key),
    FOREIGN KEY (namespace, snapshotter, parent) REFERENCES snapshots(namespace, snapshotter, key)
) STRICT;
CREATE INDEX snapshots_by_parent ON snapshots(namespace, snapshotter, parent);
CREATE TABLE tasks (
    namespace TEXT NOT NULL,
    id TEXT NOT NULL,
    runtime_name TEXT NOT NULL,
    shim_binary TEXT NOT NULL DEFAULT '',
    shim_address TEXT NOT NULL DEFAULT '',
    shim_version INTEGER NOT NULL DEFAULT 0,
    shim_pid INTEGER,
    pid INTEGER,
    bundle TEXT NOT NULL,
    status TEXT NOT NULL,
    stdin TEXT NOT NULL DEFAULT '',
    stdout TEXT NOT NULL DEFAULT '',
    stderr TEXT NOT NULL DEFAULT '',
    terminal INTEGER NOT NULL DEFAULT 0,
    delete_on_exit INTEGER NOT NULL DEFAULT 0,
    exit_status INTEGER,
    exited_at INTEGER,
    exit_reason TEXT NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL,
    PRIMARY KEY (namespace, id),
    FOREIGN KEY (namespace, id) REFERENCES containers(namespace, id)
) STRICT;
