import SwctrTasks
import Synchronization

/// The tasks that are deleted when they end, and how the latest of them ended.
final class Followers: Sendable {
    private struct State {
        var running: [TaskKey: Task<ProcessExit, any Error>] = [:]
        var ended: [TaskKey: ProcessExit] = [:]
        var order: [TaskKey] = []
    }

    /// How many ends are remembered: enough for every client of a restart to ask once.
    private static let memory = 1024
    private let state = Mutex(State())

    func follow(
        _ key: TaskKey, _ body: @escaping @Sendable () async throws -> ProcessExit
    ) -> Task<ProcessExit, any Error> {
        state.withLock { state in
            // A new container of the same name has nothing to do with the one before.
            state.ended[key] = nil
            let task = Task {
                do {
                    let exit = try await body()
                    finish(key, exit)
                    return exit
                } catch {
                    finish(key, nil)
                    throw error
                }
            }
            state.running[key] = task
            return task
        }
    }

    func recent(_ key: TaskKey) -> ProcessExit? { state.withLock { $0.ended[key] } }

    private func finish(_ key: TaskKey, _ exit: ProcessExit?) {
        state.withLock { state in
            state.running[key] = nil
            guard let exit else { return }
            state.ended[key] = exit
            state.order.append(key)
            if state.order.count > Self.memory { state.ended[state.order.removeFirst()] = nil }
        }
    }
}
