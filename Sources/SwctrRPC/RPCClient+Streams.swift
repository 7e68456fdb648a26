import NIOCore
import SwctrCore
import SwctrProto
import SwctrWire
public import SwiftProtobuf

/// Where a client sends the messages of a duplex call.
public struct RPCRequestWriter<Request: Message>: Sendable {
    let sink: MessageSink
    let end: @Sendable () async throws -> Void

    /// Sends one message and waits until the kernel has taken it.
    ///
    /// - Throws: `.resourceExhausted` for a message over 4 MiB, `.cancelled` when the peer has ended the call.
    public func send(_ message: Request) async throws {
        try await sink.send(try message.serializedBytes())
    }

    /// Says that no more messages follow.
    public func finish() async throws { try await end() }
}

extension RPCClient {
    /// One request, a stream of answers. The connection is not read while answers lie unread.
    public func serverStream<Request: Message, Response: Message>(
        _ service: String, _ method: String, _ request: Request, returning: Response.Type,
        metadata: [String: String] = [:]
    ) async throws -> RPCMessages<Response> {
        let envelope = try Ttrpc_Request(service: service, method: method, message: request, metadata: metadata)
        return RPCMessages(inbox: try await open(envelope, flags: .remoteClosed).inbox)
    }

    /// Streams both ways.
    public func duplex<Request: Message, Response: Message>(
        _ service: String, _ method: String, sending: Request.Type, returning: Response.Type,
        metadata: [String: String] = [:]
    ) async throws -> (requests: RPCRequestWriter<Request>, responses: RPCMessages<Response>) {
        let envelope = try Ttrpc_Request(service: service, method: method, message: Request(), metadata: metadata)
        let (id, inbox) = try await open(envelope, flags: .remoteOpen)
        let write: @Sendable ([UInt8], FrameFlags) async throws -> Void = { [connection] bytes, flags in
            let written = connection.eventLoop.makePromise(of: Void.self)
            connection.eventLoop.execute { connection.value.send(bytes, flags: flags, on: id, written) }
            try await written.futureResult.get()
        }
        let writer = RPCRequestWriter<Request>(
            sink: MessageSink { try await write($0, []) }, end: { try await write([], .endOfStream) })
        return (writer, RPCMessages(inbox: inbox))
    }

    private func open(_ envelope: Ttrpc_Request, flags: FrameFlags) async throws -> (id: UInt32, inbox: StreamInbox) {
        let limits = ServerLimits()
        let path = path
        let connection = connection
        return try await channel.eventLoop.submit {
            let transport = connection.value.transport
            let bound = NIOLoopBound(transport, eventLoop: connection.eventLoop)
            var inbox: StreamInbox?
            let id = connection.value.stream(envelope, flags: flags) { id in
                let box = StreamInbox(
                    maximumMessages: limits.queuedMessages, maximumBytes: limits.queuedBytes,
                    onDrained: { bound.eventLoop.execute { bound.value.streamDrained(id) } })
                inbox = box
                return box
            }
            guard let id, let inbox else {
                throw EngineError(.unavailable, subject: path, message: "connection closed")
            }
            return (id, inbox)
        }.get()
    }
}
