import Dispatch
import SwctrCore
import SwctrLinux

/// Lets work that blocks a thread hand pieces to a task, which sets the pace: a few pieces wait, no more.
enum BlockingProducer {
    /// - Parameters:
    ///   - produce: runs on a thread of its own kind and calls its argument for each piece, which throws once nobody
    ///     takes them any more.
    ///   - consume: called for each piece, in order.
    static func run(
        _ produce: @escaping @Sendable (([UInt8]) throws(EngineError) -> Void) throws(EngineError) -> Void,
        consume: @Sendable ([UInt8]) async throws -> Void
    ) async throws {
        let (pieces, feed) = AsyncStream.makeStream(of: [UInt8].self)
        let gate = Gate()
        let producer = Task {
            defer { feed.finish() }
            try await BlockingWork.run { () throws(EngineError) in
                try produce { (bytes) throws(EngineError) in
                    feed.yield(bytes)
                    try gate.passed()
                }
            }
        }
        do {
            for await piece in pieces {
                try await consume(piece)
                gate.taken()
            }
            try Task.checkCancellation()
            try await producer.value
        } catch {
            gate.close()
            _ = try? await producer.value
            throw error
        }
    }

    /// Holds the producer back while pieces wait to be taken.
    private final class Gate: Sendable {
        // Counted up and not begun with: a semaphore may not go while it holds less than it began with.
        private let room = DispatchSemaphore(value: 0)
        private let isClosed = BlockingFlag()

        init() { for _ in 0..<4 { room.signal() } }

        func passed() throws(EngineError) {
            room.wait()
            if isClosed.value { throw EngineError(.cancelled, message: "nobody takes it any more") }
        }

        func taken() { room.signal() }

        func close() {
            isClosed.set()
            room.signal()
        }
    }
}
