public import SwiftProtobuf
import SwctrCore
import SwctrWire

/// The messages that the peer sends on one stream, in order. One task iterates, once.
///
/// Iteration ends when the peer closes its side; it throws when the call fails, the connection is lost, the task is
/// cancelled, or a message cannot be decoded.
public struct RPCMessages<Element: Message>: AsyncSequence, Sendable {
    public typealias Failure = any Error
    let inbox: StreamInbox

    public struct AsyncIterator: AsyncIteratorProtocol {
        let inbox: StreamInbox

        public func next() async throws -> Element? {
            guard let bytes = try await inbox.next() else { return nil }
            return try decoding { try Element(serializedBytes: bytes) }
        }
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(inbox: inbox) }
}

/// What a duplex handler receives.
public typealias RPCRequests<Element: Message> = RPCMessages<Element>

/// Where a handler sends the messages of its answer.
public struct RPCResponder<Response: Message>: Sendable {
    let sink: MessageSink

    /// Sends one message and waits until the kernel has taken it: a peer that does not read holds the handler here.
    ///
    /// - Throws: `.resourceExhausted` for a message over 4 MiB, `.cancelled` when the call is over.
    public func send(_ message: Response) async throws {
        try await sink.send(try message.serializedBytes())
    }
}

/// Sends encoded messages on one stream.
struct MessageSink: Sendable {
    let write: @Sendable ([UInt8]) async throws -> Void

    func send(_ bytes: [UInt8]) async throws {
        if bytes.count > FrameHeader.maximumLength {
            throw EngineError(
                .resourceExhausted, message: "message of \(bytes.count) bytes exceeds the frame limit of 4194304")
        }
        try Task.checkCancellation()
        try await write(bytes)
    }
}
