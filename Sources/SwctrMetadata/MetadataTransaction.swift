internal import GRDB
internal import SwctrCore

/// The database inside one `read` or `write`; its methods are in a file per topic. Never kept beyond the closure.
///
/// A method that changes something fails inside `read`.
public struct MetadataTransaction {
    let db: Database
}

/// How a record lies in its table.
protocol TableRow: Sendable {
    static var table: String { get }
    /// What one is called in messages.
    static var noun: String { get }
    static var keyColumns: [String] { get }
    /// All columns, in the order of `values`.
    static var columns: [String] { get }
    init(row: Row) throws
    var values: [(any DatabaseValueConvertible)?] { get }
    /// The name a user knows it by.
    var title: String { get }
}

extension MetadataTransaction {
    /// - Throws: `.alreadyExists` where the key is taken.
    func insert<Record: TableRow>(_ record: Record) throws(EngineError) {
        let marks = Record.columns.map { _ in "?" }.joined(separator: ", ")
        let sql = "INSERT INTO \(Record.table) (\(Record.columns.joined(separator: ", "))) VALUES (\(marks))"
        try mapping(record) {
            do {
                try db.run(sql, StatementArguments(record.values))
            } catch let error as DatabaseError
                where error.extendedResultCode == .SQLITE_CONSTRAINT_PRIMARYKEY
                || error.extendedResultCode == .SQLITE_CONSTRAINT_UNIQUE
            {
                throw EngineError(
                    .alreadyExists, subject: "\(Record.noun) \"\(record.title)\"", message: "already exists")
            }
        }
    }

    /// Inserts the record, or overwrites all but the key (and `keeping`) of the one that is there.
    func upsert<Record: TableRow>(_ record: Record, keeping: Set<String> = []) throws(EngineError) {
        let marks = Record.columns.map { _ in "?" }.joined(separator: ", ")
        let changes = Record.columns.filter { !Record.keyColumns.contains($0) && !keeping.contains($0) }
            .map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
        let sql = """
            INSERT INTO \(Record.table) (\(Record.columns.joined(separator: ", "))) VALUES (\(marks)) \
            ON CONFLICT (\(Record.keyColumns.joined(separator: ", "))) \
            \(changes.isEmpty ? "DO NOTHING" : "DO UPDATE SET \(changes)")
            """
        try mapping(record) { try db.run(sql, StatementArguments(record.values)) }
    }

    /// - Throws: `.notFound` where there is no such row.
    func update<Record: TableRow>(_ record: Record) throws(EngineError) {
        let pairs = zip(Record.columns, record.values)
        let set = pairs.filter { !Record.keyColumns.contains($0.0) }
        let key = pairs.filter { Record.keyColumns.contains($0.0) }
        let sql = """
            UPDATE \(Record.table) SET \(set.map { "\($0.0) = ?" }.joined(separator: ", ")) \
            WHERE \(key.map { "\($0.0) = ?" }.joined(separator: " AND "))
            """
        try mapping(record) {
            try db.run(sql, StatementArguments(set.map(\.1) + key.map(\.1)))
            if db.changesCount == 0 { throw Self.missing(Record.self, record.title) }
        }
    }

    /// Removes what matches `condition`; tells whether there was any.
    func delete<Record: TableRow>(
        _ type: Record.Type, _ title: String, where condition: String, _ arguments: StatementArguments
    ) throws(EngineError) -> Bool {
        do {
            try db.run("DELETE FROM \(Record.table) WHERE \(condition)", arguments)
            return db.changesCount > 0
        } catch {
            throw MetadataStore.mapError(error, "delete", "\(Record.noun) \"\(title)\"")
        }
    }

    func fetchAll<Record: TableRow>(
        _ type: Record.Type, where condition: String = "1", order: String, _ arguments: StatementArguments = []
    ) throws(EngineError) -> [Record] {
        let list = Record.columns.joined(separator: ", ")
        do {
            let statement = try db.cachedStatement(
                sql: "SELECT \(list) FROM \(Record.table) WHERE \(condition) ORDER BY \(order)")
            return try Row.fetchAll(statement, arguments: arguments).map { try Record(row: $0) }
        } catch {
            throw MetadataStore.mapError(error, "read", "\(Record.noun)s")
        }
    }

    func fetchOne<Record: TableRow>(
        _ type: Record.Type, where condition: String, _ arguments: StatementArguments
    ) throws(EngineError) -> Record? {
        let list = Record.columns.joined(separator: ", ")
        do {
            let statement = try db.cachedStatement(sql: "SELECT \(list) FROM \(Record.table) WHERE \(condition)")
            return try Row.fetchOne(statement, arguments: arguments).map { try Record(row: $0) }
        } catch {
            throw MetadataStore.mapError(error, "read", Record.noun)
        }
    }

    static func missing<Record: TableRow>(_ type: Record.Type, _ title: String) -> EngineError {
        EngineError(.notFound, subject: "\(Record.noun) \"\(title)\"", message: "not found")
    }

    private func mapping<Record: TableRow>(_ record: Record, _ body: () throws -> Void) throws(EngineError) {
        do { try body() } catch {
            throw MetadataStore.mapError(error, "store", "\(Record.noun) \"\(record.title)\"")
        }
    }
}

extension Database {
    /// Executes one statement, prepared once per connection.
    func run(_ sql: String, _ arguments: StatementArguments = []) throws {
        try cachedStatement(sql: sql).execute(arguments: arguments)
    }
}
