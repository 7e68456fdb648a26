import Logging
import NIOCore
import SwctrCore
import SwctrProto
import SwctrWire
import SwiftProtobuf

/// The upper half of a client's connection: calls to frames and back.
final class ClientConnection: ChannelInboundHandler {
    typealias InboundIn = FrameDecoder.Event
    typealias OutboundOut = Frame

    /// A call whose answer is awaited.
    private enum Call {
        case unary(EventLoopPromise<Ttrpc_Response>)
        case stream(StreamInbox)

        func fail(_ error: EngineError) {
            switch self {
            case .unary(let promise): promise.fail(error)
            case .stream(let inbox): inbox.finish(throwing: error)
            }
        }
    }

    private let subject: String
    let transport: FrameTransport
    private let log: Logger
    private var context: ChannelHandlerContext?
    private var calls: [UInt32: Call] = [:]
    /// Odd and increasing; the next to use.
    private var nextID: UInt32 = 1

    /// - Parameter subject: whom we call, for error texts.
    init(subject: String, transport: FrameTransport, log: Logger) {
        self.subject = subject
        self.transport = transport
        self.log = log
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    var connectionLost: EngineError {
        EngineError(.unavailable, subject: subject, message: "connection closed")
    }

    func channelInactive(context: ChannelHandlerContext) {
        let lost = calls
        calls = [:]
        for call in lost.values { call.fail(connectionLost) }
        context.fireChannelInactive()
    }

    // MARK: Calls out

    /// Sends a unary request; ids grow in the order of writes because both happen here.
    func call(_ request: Ttrpc_Request, _ answered: EventLoopPromise<Ttrpc_Response>) -> UInt32? {
        open(request, flags: [], .unary(answered))
    }

    /// Opens a stream; its messages go to `inbox`.
    func stream(_ request: Ttrpc_Request, flags: FrameFlags, _ inbox: (UInt32) -> StreamInbox) -> UInt32? {
        let box = inbox(nextID)
        return open(request, flags: flags, .stream(box))
    }

    private func open(_ request: Ttrpc_Request, flags: FrameFlags, _ call: Call) -> UInt32? {
        guard let context, context.channel.isActive else {
            call.fail(connectionLost)
            return nil
        }
        guard let body: [UInt8] = try? request.serializedBytes(), body.count <= FrameHeader.maximumLength else {
            call.fail(
                EngineError(
                    .resourceExhausted, operation: request.method, subject: subject,
                    message: "request exceeds the frame limit of \(FrameHeader.maximumLength) bytes"))
            return nil
        }
        let id = nextID
        guard id < UInt32.max - 1 else {
            // Two thousand million calls: the ids of this connection are used up.
            call.fail(connectionLost)
            context.close(promise: nil)
            return nil
        }
        nextID += 2
        calls[id] = call
        context.writeAndFlush(
            wrapOutboundOut(Frame(streamID: id, kind: .request, flags: flags, body: body)), promise: nil)
        return id
    }

    func send(_ bytes: [UInt8], flags: FrameFlags, on id: UInt32, _ written: EventLoopPromise<Void>) {
        guard calls[id] != nil, let context else {
            return written.fail(EngineError(.cancelled, subject: subject, message: "the call is over"))
        }
        context.writeAndFlush(
            wrapOutboundOut(Frame(streamID: id, kind: .data, flags: flags, body: bytes)), promise: written)
    }

    /// Stops waiting for an answer. The protocol has no cancel message: a late answer is dropped.
    func forget(_ id: UInt32, _ error: EngineError) {
        transport.streamDrained(id)
        calls.removeValue(forKey: id)?.fail(error)
    }

    // MARK: Frames in

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .oversized(let header):
            forget(
                header.streamID,
                EngineError(
                    .resourceExhausted, subject: subject,
                    message: "answer of \(header.length) bytes exceeds the frame limit"))
        case .frame(let frame) where frame.kind == .response:
            finish(frame)
        case .frame(let frame) where frame.kind == .data:
            take(frame)
        case .frame:
            break
        }
    }

    private func finish(_ frame: Frame) {
        transport.streamDrained(frame.streamID)
        guard let call = calls.removeValue(forKey: frame.streamID) else {
            return log.debug("late answer dropped", metadata: ["request.id": "\(frame.streamID)"])
        }
        guard let response = try? Ttrpc_Response(serializedBytes: frame.body) else {
            return call.fail(EngineError(.internal, subject: subject, message: "answer is no ttrpc response"))
        }
        if let status = RPCStatus(response) { return call.fail(EngineError(status)) }
        switch call {
        case .unary(let promise):
            promise.succeed(response)
        case .stream(let inbox):
            if !response.payload.isEmpty { _ = inbox.push([UInt8](response.payload)) }
            inbox.finish()
        }
    }

    private func take(_ frame: Frame) {
        let id = frame.streamID
        guard case .stream(let inbox) = calls[id] else { return }
        if !frame.flags.contains(.noData), inbox.push(frame.body) { transport.streamFilled(id) }
        if frame.flags.contains(.remoteClosed) {
            calls[id] = nil
            transport.streamDrained(id)
            inbox.finish()
        }
    }
}
