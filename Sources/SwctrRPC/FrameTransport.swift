import Logging
import NIOCore
import SwctrWire

/// The lower half of a connection: bytes to frames and back, and when to read.
///
/// Reading pauses while a stream's inbox is full and while the peer does not take what we send, so that neither side
/// can make the other hold more than its limits.
final class FrameTransport: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = FrameDecoder.Event
    typealias OutboundIn = Frame
    typealias OutboundOut = ByteBuffer

    private var decoder = FrameDecoder()
    private var context: ChannelHandlerContext?
    private var fullStreams: Set<UInt32> = []
    /// The channel asked for a read that we held back.
    private var owesRead = false
    private let frameTimeout: TimeAmount
    private var frameTimer: Scheduled<Void>?
    /// Counts frames that were completed and pauses: a frame timer fires only if nothing happened meanwhile.
    private var progress: UInt64 = 0
    private let log: Logger

    init(frameTimeout: Duration, log: Logger) {
        self.frameTimeout = TimeAmount(frameTimeout)
        self.log = log
    }

    /// Pauses reading until `streamDrained` is called for the same stream.
    func streamFilled(_ id: UInt32) { fullStreams.insert(id) }

    /// Goes on reading, unless another reason holds; harmless for a stream that was not full.
    func streamDrained(_ id: UInt32) {
        guard fullStreams.remove(id) != nil, let context else { return }
        resumeReading(context)
    }

    private func isPaused(_ context: ChannelHandlerContext) -> Bool {
        !fullStreams.isEmpty || !context.channel.isWritable
    }

    private func resumeReading(_ context: ChannelHandlerContext) {
        guard owesRead, !isPaused(context) else { return }
        owesRead = false
        progress &+= 1
        context.read()
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func read(context: ChannelHandlerContext) {
        if isPaused(context) {
            owesRead = true
            progress &+= 1
        } else {
            context.read()
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        resumeReading(context)
        context.fireChannelWritabilityChanged()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        unwrapInboundIn(data).withUnsafeReadableBytes { bytes in
            var rest = bytes
            while context.channel.isActive, let event = decoder.next(from: &rest) {
                progress &+= 1
                context.fireChannelRead(wrapInboundOut(event))
            }
        }
        if decoder.isMidFrame, frameTimer == nil, context.channel.isActive { watchFrame(context) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        frameTimer?.cancel()
        frameTimer = nil
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        log.debug("connection failed", metadata: ["error": "\(error)"])
        context.close(promise: nil)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let frame = unwrapOutboundIn(data)
        var buffer = context.channel.allocator.buffer(capacity: FrameHeader.size + frame.body.count)
        buffer.writeInteger(UInt32(frame.body.count))
        buffer.writeInteger(frame.streamID)
        buffer.writeInteger(frame.kind.rawValue)
        buffer.writeInteger(frame.flags.rawValue)
        buffer.writeBytes(frame.body)
        context.write(wrapOutboundOut(buffer), promise: promise)
    }

    private func watchFrame(_ context: ChannelHandlerContext) {
        let seen = progress
        frameTimer = context.eventLoop.assumeIsolated().scheduleTask(in: frameTimeout) { [weak self] in
            guard let self, let context = self.context else { return }
            self.frameTimer = nil
            guard self.decoder.isMidFrame, context.channel.isActive else { return }
            if self.progress == seen, !self.isPaused(context) {
                self.log.debug("peer left a frame unfinished, closing the connection")
                context.close(promise: nil)
            } else {
                self.watchFrame(context)
            }
        }
    }
}
