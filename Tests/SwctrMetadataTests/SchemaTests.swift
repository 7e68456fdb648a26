import Foundation
import GRDB
import SwctrCore
import SwctrMetadata
import Testing

@Suite("The schema")
struct SchemaTests {
    /// What a released version wrote must be readable for ever: a change here needs a new migration, not a new golden.
    @Test("a fresh file has the recorded schema")
    func golden() async throws {
        try await withStore { store in
            let schema = try Self.schema(of: store.path)
            let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                .appendingPathComponent("Golden/schema.sql")
            if ProcessInfo.processInfo.environment["RECORD_GOLDEN"] != nil {
                try Data(schema.utf8).write(to: path)
            }
            #expect(try String(contentsOf: path, encoding: .utf8) == schema)
        }
    }

    @Test("migrations are applied by name, once, and a newer file is refused")
    func migrations() async throws {
        try await withStore { store in
            try store.close()
            let queue = try DatabaseQueue(path: store.path)
            let names = try await queue.read { try String.fetchAll($0, sql: "SELECT * FROM grdb_migrations") }
            #expect(names == ["v1", "leases"])
            try await queue.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('v999')") }
            try queue.close()
            let error = #expect(throws: EngineError.self) { try MetadataStore.open(at: store.path, log: quiet) }
            #expect(error?.code == .failedPrecondition)
            #expect(error?.message == "was written by a newer swctr")
        }
    }

    @Test("write-ahead log, foreign keys and strict tables are in force")
    func pragmas() async throws {
        try await withStore { store in
            let queue = try DatabaseQueue(path: store.path)
            try await queue.read { db in
                #expect(try String.fetchOne(db, sql: "PRAGMA journal_mode") == "wal")
                let loose = try String.fetchAll(
                    db,
                    sql: "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND NOT strict")
                #expect(Set(loose) == ["grdb_migrations", "sqlite_schema", "sqlite_sequence"])
            }
        }
    }

    private static func schema(of path: String) throws -> String {
        let queue = try DatabaseQueue(path: path)
        let rows = try queue.read {
            try String.fetchAll(
                $0,
                sql: "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY name")
        }
        return rows.map { $0 + ";\n" }.joined()
    }
}
