import SwctrCore
import Synchronization

/// Remembers exits beyond the tasks they belong to: which were published already, since shims repeat what went
/// unanswered, and how processes ended whose task is gone, for clients that come back for the answer.
final class ExitRegister: Sendable {
    struct Key: Hashable, Sendable {
        var namespace: String
        var container: String
        /// The container's id for its first process.
        var process: String
        var pid: UInt32
    }

    private struct State {
        var published = Recent<Key, Bool>(capacity: 4096)
        var exits = Recent<Key, ProcessExit>(capacity: 1024)
    }

    private let state = Mutex(State())

    /// Tells whether this is the first time that the exit is to be published.
    func claim(_ key: Key) -> Bool {
        state.withLock { $0.published.insert(true, for: key) == nil }
    }

    /// Keeps an exit for those who ask after its task is gone.
    func keep(_ exit: ProcessExit, namespace: Namespace, id: ContainerID, execID: ExecID?) {
        state.withLock { _ = $0.exits.insert(exit, for: Self.key(namespace, id, execID)) }
    }

    /// A process of this name lives again: what an earlier one left is not its answer.
    func forget(namespace: Namespace, id: ContainerID, execID: ExecID?) {
        state.withLock { $0.exits.remove(Self.key(namespace, id, execID)) }
    }

    func exit(namespace: Namespace, id: ContainerID, execID: ExecID?) -> ProcessExit? {
        state.withLock { $0.exits[Self.key(namespace, id, execID)] }
    }

    private static func key(_ namespace: Namespace, _ id: ContainerID, _ execID: ExecID?) -> Key {
        Key(
            namespace: namespace.rawValue, container: id.rawValue, process: execID?.rawValue ?? id.rawValue, pid: 0)
    }
}

/// A dictionary that holds the newest entries only.
struct Recent<Key: Hashable, Value> {
    private var values: [Key: (value: Value, place: Int)] = [:]
    /// A ring; a place may name a key that was removed since, or that has moved on to another place.
    private var order: [Key] = []
    private var next = 0
    private let capacity: Int

    init(capacity: Int) { self.capacity = capacity }

    subscript(key: Key) -> Value? { values[key]?.value }

    /// Answers what was there before; a value that is replaced keeps its place.
    mutating func insert(_ value: Value, for key: Key) -> Value? {
        if let former = values[key] {
            values[key] = (value, former.place)
            return former.value
        }
        if order.count < capacity {
            order.append(key)
        } else {
            if values[order[next]]?.place == next { values[order[next]] = nil }
            order[next] = key
        }
        values[key] = (value, next)
        next = (next + 1) % capacity
        return nil
    }

    /// The value goes at once, its place when its turn comes.
    mutating func remove(_ key: Key) { values[key] = nil }
}
