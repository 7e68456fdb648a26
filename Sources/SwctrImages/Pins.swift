import SwctrCore
import Synchronization

/// What work that goes on needs although nothing names it yet: the collector leaves it alone.
///
/// The rule: keep first, look afterwards. Who keeps a thing and then finds it has it until it lets go; who does not find
/// it makes it anew. A thing that is let go while a collection runs stays kept until that is over, because the
/// collection may have read the records before the thing was named in them.
final class Pins: Sendable {
    enum Item: Hashable, Sendable {
        case blob(Digest)
        case snapshot(Namespace, snapshotter: String, key: String)
    }

    private struct State {
        var counts: [Item: Int] = [:]
        var isCollecting = false
        var late: Set<Item> = []
    }

    private let state = Mutex(State())

    func keep(_ item: Item) { state.withLock { $0.counts[item, default: 0] += 1 } }

    func letGo(_ items: [Item]) {
        state.withLock { state in
            for item in items {
                let left = (state.counts[item] ?? 1) - 1
                state.counts[item] = left > 0 ? left : nil
                if left <= 0, state.isCollecting { state.late.insert(item) }
            }
        }
    }

    func isKept(_ item: Item) -> Bool { state.withLock { Self.isKept(item, $0) } }

    private static func isKept(_ item: Item, _ state: State) -> Bool {
        state.counts[item] != nil || state.late.contains(item)
    }

    /// Runs `body` unless the thing is kept; who wants to keep it meanwhile waits.
    func unlessKept(_ item: Item, _ body: () throws(EngineError) -> Void) throws(EngineError) {
        let result: Result<Void, EngineError> = state.withLock { state in
            if Self.isKept(item, state) { return .success(()) }
            do throws(EngineError) { return .success(try body()) } catch { return .failure(error) }
        }
        try result.get()
    }

    func beginCollection() { state.withLock { $0.isCollecting = true } }

    func endCollection() {
        state.withLock { state in
            state.isCollecting = false
            state.late = []
        }
    }
}

/// Keeps things from being collected until it is released.
public final class Hold: Sendable {
    private let pins: Pins
    private let items = Mutex<[Pins.Item]>([])

    init(_ pins: Pins) { self.pins = pins }

    func keep(_ item: Pins.Item) {
        pins.keep(item)
        items.withLock { $0.append(item) }
    }

    /// Lets go of everything; called in a `defer`, so that nothing ends the hold before.
    func release() {
        let kept = items.withLock { items in
            defer { items = [] }
            return items
        }
        if !kept.isEmpty { pins.letGo(kept) }
    }

    deinit { release() }
}

/// Collections run one after the other; one that has not begun yet serves all who ask for one.
actor CollectionQueue {
    private var running: Task<Void, any Error>?
    private var next: Task<Void, any Error>?

    func run(_ body: @escaping @Sendable () async throws -> Void) async throws {
        if let next { return try await next.value }
        let before = running
        let task = Task {
            _ = try? await before?.value
            begin()
            try await body()
        }
        next = task
        try await task.value
    }

    private func begin() {
        running = next
        next = nil
    }
}
