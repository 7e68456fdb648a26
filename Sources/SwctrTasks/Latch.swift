import SwctrCore
import Synchronization

/// A value that comes once, and everybody who waits for it. Waiting ends at once when the waiting task is cancelled.
final class Latch<Value: Sendable>: Sendable {
    private struct State {
        var value: Value?
        var nextWaiter = 0
        var waiters: [Int: CheckedContinuation<Value, any Error>] = [:]
    }

    private let state = Mutex(State())

    init() {}
    init(_ value: Value) { state.withLock { $0.value = value } }

    /// The value, if it has come.
    var value: Value? { state.withLock { $0.value } }

    /// Sets the value and wakes everybody. Only the first call counts; tells whether this one did.
    @discardableResult
    func set(_ value: Value) -> Bool {
        let waiters = state.withLock { state -> [CheckedContinuation<Value, any Error>]? in
            if state.value != nil { return nil }
            state.value = value
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        guard let waiters else { return false }
        for waiter in waiters { waiter.resume(returning: value) }
        return true
    }

    /// - Throws: `CancellationError`, when the task is cancelled first.
    func wait() async throws -> Value {
        let number = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let value = state.withLock { state -> Value? in
                    if let value = state.value { return value }
                    state.waiters[number] = continuation
                    return nil
                }
                if let value { return continuation.resume(returning: value) }
                // A cancellation that came before the continuation was stored found nobody to wake.
                if Task.isCancelled { cancel(number) }
            }
        } onCancel: {
            cancel(number)
        }
    }

    private func cancel(_ number: Int) {
        let waiter = state.withLock { $0.waiters.removeValue(forKey: number) }
        waiter?.resume(throwing: CancellationError())
    }
}
