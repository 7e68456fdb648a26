internal import GRDB

/// The schema, as steps that are applied in order and never changed once released.
enum Migrations {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("v1") { db in
            for statement in SchemaV1.statements { try db.execute(sql: statement) }
        }
        migrator.registerMigration("leases") { db in
            for statement in SchemaLeases.statements { try db.execute(sql: statement) }
        }
        return migrator
    }
}
