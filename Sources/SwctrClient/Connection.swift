import Glibc
public import SwctrCore
public import SwctrLinux
import SwctrProto
import SwctrWire
import SwiftProtobuf

/// One connection to the manager with any number of calls on it, driven by its owner: nothing happens between calls of
/// its methods, and only `progress` waits.
///
/// A command that waits for nothing else uses `Client`. A command that also copies output and forwards signals puts
/// `descriptor` into its own poll set and calls `readAvailable` and `writeAvailable` when that says so.
public final class Connection {
    /// Names one call on this connection.
    public struct Stream: Hashable, Sendable { fileprivate let id: UInt32 }

    /// How many messages go each way; decides what a response's payload means.
    public enum Shape: Sendable {
        /// One request, one response.
        case unary
        /// One request, then messages of the server.
        case serverStream
        /// Messages both ways; the first goes with the request only in the other shapes.
        case duplex
    }

    /// What a stream has for its caller.
    public enum Event: Sendable {
        /// One message's bytes.
        case message([UInt8])
        /// The call has succeeded; nothing more comes.
        case ended
        /// The call has failed, or the connection was lost (`.unavailable`).
        case failed(EngineError)
    }

    private struct Inbox {
        var shape: Shape
        var events: [Event] = []
    }

    private let fd: OwnedFD
    private var decoder = FrameDecoder()
    private var lastID: UInt32?
    private var inboxes: [UInt32: Inbox] = [:]
    private var outbox: [UInt8] = []
    private var sent = 0
    /// Why the connection is gone; nil while it stands.
    public private(set) var loss: EngineError?

    /// - Parameter fd: a connected, non-blocking stream socket.
    public init(adopting fd: consuming OwnedFD) { self.fd = fd }

    /// For a poll set.
    public var descriptor: Int32 { fd.number }

    /// Bytes wait to be sent: ask for writability too.
    public var isWriting: Bool { sent < outbox.count }

    /// Opens a call; its request is sent by and by.
    ///
    /// - Parameters:
    ///   - request: nil sends an empty message with a unary call or a server stream, and none with a duplex.
    ///   - timeout: travels with the call, so that the manager gives up as well.
    public func open(
        _ service: String, _ method: String, _ request: (any Message)?, shape: Shape, namespace: String,
        timeout: Duration?
    ) throws(EngineError) -> Stream {
        if let loss { throw loss }
        let id = lastID.map { $0 + 2 } ?? 1
        let body: [UInt8]
        do {
            let message = request ?? Google_Protobuf_Empty()
            body = try encodeRequest(service, method, message, namespace: namespace, timeout: timeout)
        } catch {
            throw EngineError(.internal, operation: "encode request", subject: method, message: "\(error)")
        }
        guard body.count <= FrameHeader.maximumLength else {
            throw EngineError(
                .resourceExhausted, subject: "request",
                message: "is \(body.count) bytes long, at most \(FrameHeader.maximumLength) can be sent")
        }
        lastID = id
        let flags: FrameFlags =
            switch shape {
            case .unary: []
            case .serverStream: .remoteClosed
            case .duplex: .remoteOpen
            }
        enqueue(Frame(streamID: id, kind: .request, flags: flags, body: body))
        inboxes[id] = Inbox(shape: shape)
        return Stream(id: id)
    }

    /// Sends one more message of a duplex call.
    public func send(_ message: some Message, on stream: Stream) throws(EngineError) {
        if let loss { throw loss }
        let body: [UInt8]
        do { body = try message.serializedBytes() } catch {
            throw EngineError(.internal, operation: "encode message", message: "\(error)")
        }
        enqueue(Frame(streamID: stream.id, kind: .data, body: body))
    }

    /// Tells that no more messages follow on a duplex call.
    public func finishSending(on stream: Stream) {
        enqueue(Frame(streamID: stream.id, kind: .data, flags: .endOfStream))
    }

    /// The next thing that came on a stream; nil when nothing has. After `ended` or `failed` the stream is forgotten.
    public func take(_ stream: Stream) -> Event? {
        guard var inbox = inboxes[stream.id] else {
            return .failed(loss ?? EngineError(.internal, message: "call is over"))
        }
        guard !inbox.events.isEmpty else { return loss.map { .failed($0) } }
        let event = inbox.events.removeFirst()
        inboxes[stream.id] = inbox
        switch event {
        case .message: break
        case .ended, .failed: inboxes[stream.id] = nil
        }
        return event
    }

    /// Ignores whatever still comes on a stream.
    public func forget(_ stream: Stream) { inboxes[stream.id] = nil }

    /// Waits until bytes came or went, once.
    ///
    /// - Throws: `.deadlineExceeded`, and `.unavailable` when the connection is lost.
    public func progress(_ deadline: Deadline) throws(EngineError) {
        if let loss { throw loss }
        var set = PollSet()
        let slot = set.add(descriptor, isWriting ? [.readable, .writable] : .readable)
        if try !set.wait(deadline.remaining), deadline.hasPassed {
            throw EngineError(.deadlineExceeded, message: "no answer in time", hint: "--timeout sets how long to wait")
        }
        if set.isWritable(slot), isWriting { writeAvailable() }
        if set.isReadable(slot) { readAvailable() }
    }

    /// Takes in what has arrived. A lost connection shows in `loss` and on every stream.
    public func readAvailable() {
        withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 16) { buffer in
            while loss == nil {
                switch SwctrLinux.read(fd.number, into: buffer) {
                case .moved(let count):
                    var rest = UnsafeRawBufferPointer(rebasing: buffer[..<count])
                    while let event = decoder.next(from: &rest) { accept(event) }
                    if count < buffer.count { return }
                case .wouldBlock:
                    return
                case .ended:
                    lose(
                        decoder.isMidFrame
                            ? "closed the connection in the middle of an answer" : "closed the connection")
                case .failed(let number):
                    lose(describeErrno(number))
                case .unsupported:
                    lose("is not readable")
                }
            }
        }
    }

    /// Sends what the socket takes.
    public func writeAvailable() {
        while loss == nil, isWriting {
            let outcome = outbox.withUnsafeBytes { bytes in
                SwctrLinux.write(fd.number, from: UnsafeRawBufferPointer(rebasing: bytes[sent...]))
            }
            switch outcome {
            case .moved(let count): sent += count
            case .wouldBlock: return
            case .failed(let number):
                // What it said before it went away may still be there to be read.
                readAvailable()
                lose(describeErrno(number))
            case .ended, .unsupported: lose("is not writable")
            }
        }
        if !isWriting {
            outbox.removeAll(keepingCapacity: outbox.count <= 1 << 20)
            sent = 0
        }
    }

    private func enqueue(_ frame: Frame) {
        frame.header.encode(into: &outbox)
        outbox.append(contentsOf: frame.body)
        writeAvailable()
    }

    private func lose(_ reason: String) {
        if loss == nil { loss = EngineError(.unavailable, subject: "manager", message: reason) }
    }

    private func accept(_ event: FrameDecoder.Event) {
        switch event {
        case .oversized(let header):
            let error = EngineError(
                .resourceExhausted, message: "the answer is \(header.length) bytes long, over the limit")
            inboxes[header.streamID]?.events.append(.failed(error))
        case .frame(let frame):
            guard let inbox = inboxes[frame.streamID] else { return }
            inboxes[frame.streamID]?.events.append(contentsOf: Self.events(in: frame, shape: inbox.shape))
        }
    }

    private static func events(in frame: Frame, shape: Shape) -> [Event] {
        switch frame.kind {
        case .data:
            var events: [Event] = []
            if !frame.flags.contains(.noData) { events.append(.message(frame.body)) }
            if frame.flags.contains(.remoteClosed) { events.append(.ended) }
            return events
        case .response:
            guard let response = try? Ttrpc_Response(serializedBytes: frame.body) else {
                return [.failed(EngineError(.internal, message: "the manager's answer cannot be read"))]
            }
            if let status = RPCStatus(response) { return [.failed(EngineError(status))] }
            // A stream's end carries no message; an empty message of a unary call is one all the same.
            if shape != .unary && response.payload.isEmpty { return [.ended] }
            return [.message([UInt8](response.payload)), .ended]
        default:
            return []
        }
    }
}

/// The body of a request frame.
private func encodeRequest(
    _ service: String, _ method: String, _ message: any Message, namespace: String, timeout: Duration?
) throws -> [UInt8] {
    let request = try Ttrpc_Request(
        service: service, method: method, message: message, timeout: timeout,
        metadata: [Metadata.namespaceKey: namespace])
    return try request.serializedBytes()
}
