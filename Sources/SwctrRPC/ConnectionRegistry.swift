import NIOCore
import Synchronization

/// The open connections of one server: how many there are, and whom a shutdown has to tell.
final class ConnectionRegistry: Sendable {
    private struct State {
        var connections: [ObjectIdentifier: NIOLoopBound<ServerConnection>] = [:]
        var isClosed = false
    }

    private let state = Mutex(State())
    private let maximum: Int

    init(maximum: Int) { self.maximum = maximum }

    /// Notes a connection; false when there are enough of them, or no more are wanted.
    func add(_ connection: NIOLoopBound<ServerConnection>, of channel: any Channel) -> Bool {
        state.withLock { state in
            if state.isClosed || state.connections.count >= maximum { return false }
            state.connections[ObjectIdentifier(channel)] = connection
            return true
        }
    }

    func remove(_ channel: any Channel) {
        _ = state.withLock { $0.connections.removeValue(forKey: ObjectIdentifier(channel)) }
    }

    /// Takes no more connections from now on, and hands out those that are open.
    func close() -> [NIOLoopBound<ServerConnection>] {
        state.withLock { state in
            state.isClosed = true
            return Array(state.connections.values)
        }
    }

    var count: Int { state.withLock { $0.connections.count } }
}
