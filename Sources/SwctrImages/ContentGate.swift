/// Keeps the collector away from what is being brought in.
///
/// Imports and unpacks go in together; the collector goes in alone, after those that were there before it, and before
/// those that come later, so that it is not starved.
actor ContentGate {
    private enum Waiter {
        case shared(CheckedContinuation<Void, Never>)
        case exclusive(CheckedContinuation<Void, Never>)
    }

    private var sharers = 0
    private var isExclusive = false
    private var waiters: [Waiter] = []

    nonisolated func shared<Value: Sendable>(_ body: @Sendable () async throws -> Value) async throws -> Value {
        await enterShared()
        do {
            let value = try await body()
            await leaveShared()
            return value
        } catch {
            await leaveShared()
            throw error
        }
    }

    nonisolated func exclusive<Value: Sendable>(_ body: @Sendable () async throws -> Value) async throws -> Value {
        await enterExclusive()
        do {
            let value = try await body()
            await leaveExclusive()
            return value
        } catch {
            await leaveExclusive()
            throw error
        }
    }

    private func enterShared() async {
        if !isExclusive, waiters.isEmpty {
            sharers += 1
        } else {
            await withCheckedContinuation { waiters.append(.shared($0)) }
        }
    }

    private func enterExclusive() async {
        if !isExclusive, sharers == 0, waiters.isEmpty {
            isExclusive = true
        } else {
            await withCheckedContinuation { waiters.append(.exclusive($0)) }
        }
    }

    private func leaveShared() {
        sharers -= 1
        admit()
    }

    private func leaveExclusive() {
        isExclusive = false
        admit()
    }

    /// Lets in whoever is next; a woken waiter is counted here, before it runs.
    private func admit() {
        while let next = waiters.first, !isExclusive {
            switch next {
            case .shared(let continuation):
                waiters.removeFirst()
                sharers += 1
                continuation.resume()
            case .exclusive(let continuation):
                if sharers > 0 { return }
                waiters.removeFirst()
                isExclusive = true
                continuation.resume()
            }
        }
    }
}
