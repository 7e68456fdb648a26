import Foundation
public import SwctrCore
import Synchronization

/// Hands bytes from asynchronous code to a thread that reads them as from a file.
///
/// The reader blocks on a thread of its own, never on the cooperative pool; the writer is suspended while the reader is
/// behind, so at most one piece waits.
public final class ByteChannel: Sendable {
    private enum Content {
        case empty
        case piece([UInt8])
        case finished
        case failed(EngineError)
    }

    private struct State {
        var content = Content.empty
        var writer: CheckedContinuation<Bool, Never>?
        var isCancelled = false
    }

    private let state = Mutex(State())
    /// Counts what the reader may take: a piece, or the end.
    private let available = DispatchSemaphore(value: 0)

    public init() {}

    /// Gives the reader a piece and returns once it was taken; false when the reader wants no more.
    public func send(_ bytes: [UInt8]) async -> Bool {
        if bytes.isEmpty { return true }
        return await withCheckedContinuation { continuation in
            let refused = state.withLock { state in
                if state.isCancelled { return true }
                state.content = .piece(bytes)
                state.writer = continuation
                return false
            }
            if refused { continuation.resume(returning: false) } else { available.signal() }
        }
    }

    /// No more will come; with an error, the reader meets it after the last piece.
    public func finish(_ error: EngineError? = nil) {
        state.withLock { $0.content = error.map(Content.failed) ?? .finished }
        available.signal()
    }

    /// The next piece; empty at the end. Blocks.
    public func next() throws(EngineError) -> [UInt8] {
        available.wait()
        let (content, writer) = state.withLock { state in
            let taken = (state.content, state.writer)
            if case .piece = state.content { state.content = .empty }
            state.writer = nil
            return taken
        }
        writer?.resume(returning: true)
        switch content {
        case .piece(let bytes): return bytes
        case .failed(let error):
            available.signal()
            throw error
        case .finished, .empty:
            available.signal()
            return []
        }
    }

    /// The reader has ended: a writer that waits, and all later ones, are told so.
    public func cancel() {
        let writer = state.withLock { state in
            state.isCancelled = true
            let waiting = state.writer
            state.writer = nil
            return waiting
        }
        writer?.resume(returning: false)
    }
}
