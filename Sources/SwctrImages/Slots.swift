/// Lets a number of tasks in at a time, in the order in which they came.
actor Slots {
    private var free: Int
    private var waiters: [CheckedContinuation<Void, Never>] = []

    init(_ count: Int) { free = count }

    nonisolated func with<Value: Sendable>(_ body: @Sendable () async throws -> Value) async throws -> Value {
        await enter()
        do {
            try Task.checkCancellation()
            let value = try await body()
            await leave()
            return value
        } catch {
            await leave()
            throw error
        }
    }

    private func enter() async {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiters.append($0) }
        }
    }

    private func leave() {
        if waiters.isEmpty { free += 1 } else { waiters.removeFirst().resume() }
    }
}

/// Who fetches which blob: one at a time, and the others wait for that one.
actor FetchRegister<Key: Hashable & Sendable> {
    private var busy: [Key: [CheckedContinuation<Void, Never>]] = [:]

    /// True: the caller has it until `release`. False: somebody else had it, and is done now.
    func claim(_ key: Key) async -> Bool {
        guard busy[key] != nil else {
            busy[key] = []
            return true
        }
        await withCheckedContinuation { busy[key]?.append($0) }
        return false
    }

    func release(_ key: Key) {
        for waiter in busy.removeValue(forKey: key) ?? [] { waiter.resume() }
    }
}
