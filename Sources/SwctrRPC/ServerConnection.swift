import Logging
import NIOCore
import SwctrCore
import SwctrLinux
import SwctrProto
import SwctrWire
import SwiftProtobuf

/// The upper half of a server's connection: frames to calls and back. Answers to wrong frames are containerd's.
final class ServerConnection: ChannelInboundHandler {
    typealias InboundIn = FrameDecoder.Event
    typealias OutboundOut = Frame

    /// A call that has not been answered.
    private struct Call {
        let task: Task<Void, Never>
        /// Nil for a unary call.
        let inbox: StreamInbox?
        /// The client sends no more messages.
        var remoteClosed: Bool
        var deadline: Scheduled<Void>?
    }

    private let router: RPCRouter
    private let limits: ServerLimits
    private let peer: PeerCredentials
    private let transport: FrameTransport
    private let log: Logger
    private var context: ChannelHandlerContext?
    private var calls: [UInt32: Call] = [:]
    private var lastID: UInt32 = 0
    /// Handlers whose task has not ended or whose answer is not written; more than `calls` after a deadline passed.
    private var running = 0
    /// Streams that were answered while the client was still sending: what is on its way is dropped.
    private var abandoned: Set<UInt32> = []
    private var isDraining = false

    init(router: RPCRouter, limits: ServerLimits, peer: PeerCredentials, transport: FrameTransport, log: Logger) {
        self.router = router
        self.limits = limits
        self.peer = peer
        self.transport = transport
        self.log = log
    }

    /// Takes no more calls, cancels those that run, and closes when the last has ended.
    func drain() {
        isDraining = true
        for call in calls.values { call.task.cancel() }
        closeIfDrained()
    }

    /// Completes when the connection is closed; after `limit` it is closed whatever still runs.
    func whenClosed(_ loop: any EventLoop, atMost limit: TimeAmount) -> EventLoopFuture<Void> {
        guard let context else { return loop.makeSucceededVoidFuture() }
        let channel = context.channel
        let limit = loop.scheduleTask(in: limit) { channel.close(promise: nil) }
        channel.closeFuture.whenComplete { _ in limit.cancel() }
        return channel.closeFuture
    }

    private func closeIfDrained() {
        if isDraining, running == 0 { context?.close(promise: nil) }
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelInactive(context: ChannelHandlerContext) {
        let lost = calls
        calls = [:]
        for call in lost.values { end(call) }
        context.fireChannelInactive()
    }

    private func end(_ call: Call) {
        call.deadline?.cancel()
        call.inbox?.finish(throwing: CancellationError())
        call.task.cancel()
    }

    // MARK: Frames in

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .oversized(let header):
            refuse(
                header.streamID,
                RPCStatus(
                    .resourceExhausted,
                    "message length \(header.length) exceed maximum message size of \(FrameHeader.maximumLength)"))
        case .frame(let frame) where !frame.streamID.isMultiple(of: 2):
            switch frame.kind {
            case .request: open(frame, context)
            case .data: take(frame)
            default: break  // As the protocol wants it: later kinds are no error.
            }
        case .frame(let frame):
            refuse(
                frame.streamID, RPCStatus(.invalidArgument, "StreamID must be odd for client initiated streams"))
        }
    }

    private func open(_ frame: Frame, _ context: ChannelHandlerContext) {
        let id = frame.streamID
        guard id > lastID else {
            return answer(id, RPCStatus(.invalidArgument, "StreamID cannot be re-used and must increment"))
        }
        lastID = id
        let request: Ttrpc_Request
        let route: RPCRouter.Route
        do {
            request = try Ttrpc_Request(serializedBytes: frame.body)
        } catch {
            return answer(id, RPCStatus(.invalidArgument, "unmarshal request error: \(error)"))
        }
        do throws(RPCStatus) {
            route = try router.route(request.service, request.method)
        } catch {
            return answer(id, error)
        }
        if isDraining { return answer(id, Self.shuttingDown) }
        if running >= limits.callsPerConnection {
            return answer(
                id, RPCStatus(.resourceExhausted, "more than \(limits.callsPerConnection) calls on one connection"))
        }
        if let timeout = request.timeout, timeout <= .zero {
            return answer(id, RPCStatus(.deadlineExceeded, "deadline passed before the call arrived"))
        }
        start(frame, request, route, on: context.eventLoop)
    }

    private func start(_ frame: Frame, _ request: Ttrpc_Request, _ route: RPCRouter.Route, on loop: any EventLoop) {
        let id = frame.streamID
        let connection = NIOLoopBound(self, eventLoop: loop)
        let callContext = CallContext(
            service: request.service, method: request.method, metadata: request.metadataLists,
            deadline: request.timeout.map { ContinuousClock.now + $0 }, peer: peer)
        running += 1
        let task: Task<Void, Never>
        var inbox: StreamInbox?
        var remoteClosed = true
        switch route {
        case .unary(let handler):
            task = Task {
                let body: Result<[UInt8], RPCStatus>
                do {
                    let bytes: [UInt8] = try await handler(request, callContext).serializedBytes()
                    body = .success(bytes)
                } catch {
                    body = .failure(RPCStatus(wrapping: error))
                }
                loop.execute { connection.value.finished(id, body.map { .response($0) }) }
            }
        case .stream(let takesStream, let handler):
            let box = StreamInbox(
                maximumMessages: limits.queuedMessages, maximumBytes: limits.queuedBytes,
                onDrained: { loop.execute { connection.value.transport.streamDrained(id) } })
            // The first message of a duplex call may be missing from the request; a server stream always has its one.
            if !takesStream || !request.payload.isEmpty, box.push([UInt8](request.payload)) {
                transport.streamFilled(id)
            }
            remoteClosed = !takesStream || frame.flags.contains(.remoteClosed)
            if remoteClosed { box.finish() }
            inbox = box
            let sink = MessageSink { bytes in
                let written = loop.makePromise(of: Void.self)
                loop.execute { connection.value.send(bytes, on: id, written) }
                try await written.futureResult.get()
            }
            task = Task {
                let outcome: Result<Outcome, RPCStatus>
                do {
                    try await handler(box, sink, callContext)
                    outcome = .success(.endOfStream)
                } catch {
                    outcome = .failure(RPCStatus(wrapping: error))
                }
                loop.execute { connection.value.finished(id, outcome) }
            }
        }
        let deadline = request.timeout.map { timeout in
            // A century is as good as for ever, and the clock's numbers do not overflow.
            loop.scheduleTask(in: TimeAmount(min(timeout, .seconds(3_155_760_000)))) {
                connection.value.refuse(id, RPCStatus(.deadlineExceeded, "deadline exceeded"))
            }
        }
        calls[id] = Call(task: task, inbox: inbox, remoteClosed: remoteClosed, deadline: deadline)
    }

    private func take(_ frame: Frame) {
        let id = frame.streamID
        let isLast = frame.flags.contains(.remoteClosed)
        guard let call = calls[id] else {
            if abandoned.contains(id) {
                if isLast { abandoned.remove(id) }
                return
            }
            return answer(id, RPCStatus(.invalidArgument, "StreamID is no longer active"))
        }
        guard let inbox = call.inbox, !call.remoteClosed else {
            return refuse(id, RPCStatus(.invalidArgument, "data handling error: ttrpc: stream closed"))
        }
        if !frame.flags.contains(.noData), inbox.push(frame.body) { transport.streamFilled(id) }
        if isLast {
            calls[id]?.remoteClosed = true
            inbox.finish()
        }
    }

    // MARK: Answers out

    private static let shuttingDown = RPCStatus(.unavailable, "server is shutting down")

    private enum Outcome: Sendable {
        case response([UInt8])
        case endOfStream
    }

    /// The handler's task has ended. Its answer counts unless the call was answered before it.
    private func finished(_ id: UInt32, _ result: Result<Outcome, RPCStatus>) {
        guard let call = remove(id) else { return released() }
        call.deadline?.cancel()
        let frame: Frame
        switch result {
        case .success(.response(let body)) where body.count <= FrameHeader.maximumLength:
            frame = Frame(streamID: id, kind: .response, body: body)
        case .success(.response(let body)):
            frame = response(
                id,
                RPCStatus(
                    .resourceExhausted,
                    "response of \(body.count) bytes exceeds the frame limit of \(FrameHeader.maximumLength)"))
        case .success(.endOfStream):
            frame = Frame(streamID: id, kind: .data, flags: .endOfStream)
        case .failure(let status) where isDraining && status.code == .cancelled:
            // The caller cancelled nothing: it may ask the next server.
            frame = response(id, Self.shuttingDown)
        case .failure(let status):
            frame = response(id, status)
        }
        guard let context else { return released() }
        // A call counts until its answer is written, so that a peer that does not read cannot pile up answers.
        context.writeAndFlush(wrapOutboundOut(frame)).assumeIsolated().whenComplete { _ in self.released() }
    }

    private func released() {
        running -= 1
        closeIfDrained()
    }

    private func send(_ bytes: [UInt8], on id: UInt32, _ written: EventLoopPromise<Void>) {
        guard calls[id] != nil, let context else { return written.fail(CancellationError()) }
        context.writeAndFlush(wrapOutboundOut(Frame(streamID: id, kind: .data, body: bytes)), promise: written)
    }

    /// Ends a call from our side, or answers a frame that belongs to none. The handler's own answer is dropped.
    private func refuse(_ id: UInt32, _ status: RPCStatus) {
        if let call = remove(id) { end(call) }
        answer(id, status)
    }

    private func remove(_ id: UInt32) -> Call? {
        guard let call = calls.removeValue(forKey: id) else { return nil }
        transport.streamDrained(id)
        if !call.remoteClosed {
            // A client that opens streams and never closes its side of them is forgotten at some point: from then on it
            // is told that they are not active.
            if abandoned.count >= 1024 { abandoned.removeAll() }
            abandoned.insert(id)
        }
        return call
    }

    private func answer(_ id: UInt32, _ status: RPCStatus) {
        log.debug(
            "call refused", metadata: ["request.id": "\(id)", "error.code": "\(status.code)", "error": "\(status)"])
        guard let context else { return }
        context.writeAndFlush(wrapOutboundOut(response(id, status)), promise: nil)
    }

    private func response(_ id: UInt32, _ status: RPCStatus) -> Frame {
        Frame(streamID: id, kind: .response, body: status.responseBody)
    }
}
