import SwctrCore

/// Everything that is wrong with a request, so that it can be said at once.
struct Problems {
    private var found: [EngineError] = []

    mutating func add(_ subject: String, _ message: String, hint: String = "") {
        found.append(EngineError(.invalidArgument, subject: subject, message: message, hint: hint))
    }

    /// Runs a check and keeps its error.
    @discardableResult
    mutating func collect<Value>(_ check: () throws(EngineError) -> Value) -> Value? {
        do throws(EngineError) {
            return try check()
        } catch {
            found.append(error)
            return nil
        }
    }

    /// - Throws: the one problem as it is, or one error that lists all of them.
    func raise() throws(EngineError) {
        guard let first = found.first else { return }
        if found.count == 1 { throw first }
        throw EngineError(
            first.code, message: found.map(\.description).joined(separator: "; "),
            hint: found.map(\.hint).first { !$0.isEmpty } ?? "")
    }
}
