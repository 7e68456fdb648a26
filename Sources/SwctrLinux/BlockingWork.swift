import Dispatch
public import SwctrCore

/// Calls that block a thread (waiting for a helper program, unmounting, removing files) leave the threads that Swift's
/// tasks share.
public enum BlockingWork {
    private static let queue = DispatchQueue(label: "swctr.blocking", attributes: .concurrent)

    /// Runs `body` on a thread of its own kind and returns what it returned.
    public static func run<Value: Sendable>(
        _ body: @escaping @Sendable () throws(EngineError) -> Value
    ) async throws(EngineError) -> Value {
        let result = await withCheckedContinuation { continuation in
            queue.async {
                do throws(EngineError) {
                    continuation.resume(returning: Result<Value, EngineError>.success(try body()))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }
}
