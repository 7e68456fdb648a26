import SwctrCore
import SwctrHTTP
import SwctrMetadata

/// Pulls that go on: who asks for the same again joins. A pull ends early when all who asked have gone.
actor PullRegister {
    /// One pull and those who wait for it.
    final class Shared: Sendable {
        let board: TransferBoard
        let cancellation: Cancellation
        let task: Task<ImageRecord, any Error>

        init(board: TransferBoard, cancellation: Cancellation, task: Task<ImageRecord, any Error>) {
            self.board = board
            self.cancellation = cancellation
            self.task = task
        }
    }

    private var running: [PullRequest.Key: (shared: Shared, waiting: Int)] = [:]

    func join(
        _ key: PullRequest.Key, board: TransferBoard,
        _ work: @escaping @Sendable (TransferBoard, Cancellation) async throws -> ImageRecord
    ) throws -> Shared {
        if let entry = running[key] {
            running[key]?.waiting += 1
            return entry.shared
        }
        let cancellation = try Cancellation()
        let task = Task {
            defer { board.finish() }
            return try await work(board, cancellation)
        }
        let shared = Shared(board: board, cancellation: cancellation, task: task)
        running[key] = (shared, 1)
        return shared
    }

    func leave(_ key: PullRequest.Key, _ shared: Shared) {
        guard let entry = running[key], entry.shared === shared else { return }
        if entry.waiting > 1 {
            running[key]?.waiting -= 1
            return
        }
        // Whoever comes from here on begins anew.
        running[key] = nil
        shared.cancellation.cancel()
        shared.task.cancel()
    }
}
