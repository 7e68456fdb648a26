import SwctrCore
import Synchronization

/// Messages of one stream that have arrived and not been read. Filled on the event loop, read by one task.
///
/// The inbox accepts what is pushed even beyond its limit, by at most what one read from the socket brings; whoever
/// pushes stops reading when told that the inbox is full, and goes on after `onDrained`.
final class StreamInbox: Sendable {
    private struct State {
        var messages: [[UInt8]] = []
        var read = 0
        var bytes = 0
        var isFull = false
        /// Set once: how the stream ended, after the messages that are still here.
        var end: (any Error)??
        var reader: CheckedContinuation<[UInt8]?, any Error>?

        var count: Int { messages.count - read }

        mutating func pop() -> [UInt8]? {
            guard read < messages.count else { return nil }
            let message = messages[read]
            messages[read] = []
            read += 1
            bytes -= message.count
            if read == messages.count || read > 256 {
                messages.removeFirst(read)
                read = 0
            }
            return message
        }
    }

    private let state = Mutex(State())
    private let maximumMessages: Int
    private let maximumBytes: Int
    private let onDrained: @Sendable () -> Void

    /// - Parameter onDrained: called, on any thread, when an inbox that was full is half empty again.
    init(maximumMessages: Int, maximumBytes: Int, onDrained: @escaping @Sendable () -> Void) {
        self.maximumMessages = maximumMessages
        self.maximumBytes = maximumBytes
        self.onDrained = onDrained
    }

    /// Adds a message; dropped when the stream has ended. True when the inbox is full now.
    func push(_ message: [UInt8]) -> Bool {
        let (reader, isFull) = state.withLock { state -> (CheckedContinuation<[UInt8]?, any Error>?, Bool) in
            if state.end != nil { return (nil, false) }
            if let reader = state.reader.take() { return (reader, false) }
            state.messages.append(message)
            state.bytes += message.count
            state.isFull = state.isFull || state.count >= maximumMessages || state.bytes >= maximumBytes
            return (nil, state.isFull)
        }
        reader?.resume(returning: message)
        return isFull
    }

    /// Ends the stream; with an error, what has not been read is dropped. Only the first call counts.
    func finish(throwing error: (any Error)? = nil) {
        let reader = state.withLock { state -> CheckedContinuation<[UInt8]?, any Error>? in
            if state.end != nil { return nil }
            state.end = .some(error)
            if error != nil {
                state.messages = []
                state.read = 0
                state.bytes = 0
            }
            return state.reader.take()
        }
        guard let reader else { return }
        if let error { reader.resume(throwing: error) } else { reader.resume(returning: nil) }
    }

    /// The next message, nil at the end.
    ///
    /// - Throws: what ended the stream, or `CancellationError`.
    func next() async throws -> [UInt8]? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                var drained = false
                let result = state.withLock { state -> Result<[UInt8]?, any Error>? in
                    if let message = state.pop() {
                        if state.isFull, state.count <= maximumMessages / 2, state.bytes <= maximumBytes / 2 {
                            state.isFull = false
                            drained = true
                        }
                        return .success(message)
                    }
                    if let end = state.end {
                        if let error = end { return .failure(error) }
                        return .success(nil)
                    }
                    precondition(state.reader == nil, "a stream has one reader")
                    state.reader = continuation
                    return nil
                }
                if drained { onDrained() }
                if let result { continuation.resume(with: result) }
                // A cancellation that came before the continuation was stored found nobody to wake.
                if Task.isCancelled { finish(throwing: CancellationError()) }
            }
        } onCancel: {
            finish(throwing: CancellationError())
        }
    }
}
