/// What a server must do about one frame.
enum FrameEvent: Equatable {
    /// A request to decode and dispatch.
    case request(stream: UInt32, body: [UInt8])
    /// A frame that gets an error as its answer; the connection stays usable.
    case refuse(stream: UInt32, error: RPCError)
}

/// Cuts a byte stream into frames, with the Go server's rules for the frames that it must not accept.
///
/// Memory grows with what has arrived, never with what a header announces.
struct FrameDecoder {
    private var header: [UInt8] = []
    private var current: FrameHeader?
    private var body: [UInt8] = []
    /// Bytes of an over-long frame that are still to be thrown away.
    private var discarding = 0
    private var lastStream: UInt32 = 0

    /// True between frames: the peer may close here without having broken anything off.
    var isBetweenFrames: Bool { header.isEmpty && current == nil && discarding == 0 }

    /// Takes in `chunk` and hands every frame that it completes to `deliver`, in order.
    mutating func feed(_ chunk: UnsafeRawBufferPointer, deliver: (FrameEvent) -> Void) {
        var rest = chunk[...]
        while !rest.isEmpty {
            if discarding > 0 {
                let amount = min(discarding, rest.count)
                rest = rest.dropFirst(amount)
                discarding -= amount
                continue
            }
            guard let frame = current else {
                let amount = min(FrameHeader.size - header.count, rest.count)
                header += rest.prefix(amount)
                rest = rest.dropFirst(amount)
                if let complete = FrameHeader(header) {
                    header = []
                    begin(complete, deliver)
                }
                continue
            }
            let amount = min(Int(frame.length) - body.count, rest.count)
            body += rest.prefix(amount)
            rest = rest.dropFirst(amount)
            if body.count == Int(frame.length) { finish(frame, deliver) }
        }
    }

    private mutating func begin(_ frame: FrameHeader, _ deliver: (FrameEvent) -> Void) {
        if Int(frame.length) > FrameHeader.maximumLength {
            discarding = Int(frame.length)
            deliver(
                .refuse(
                    stream: frame.stream,
                    error: RPCError(
                        .resourceExhausted,
                        "message length \(frame.length) exceed maximum message size of \(FrameHeader.maximumLength)")))
        } else if frame.length == 0 {
            finish(frame, deliver)
        } else {
            current = frame
        }
    }

    private mutating func finish(_ frame: FrameHeader, _ deliver: (FrameEvent) -> Void) {
        let complete = body
        body = []
        current = nil
        if frame.stream % 2 != 1 {
            deliver(
                .refuse(
                    stream: frame.stream,
                    error: RPCError(.invalidArgument, "StreamID must be odd for client initiated streams")))
            return
        }
        switch frame.kind {
        case FrameHeader.Kind.request:
            guard frame.stream > lastStream else {
                deliver(
                    .refuse(
                        stream: frame.stream,
                        error: RPCError(.invalidArgument, "StreamID cannot be re-used and must increment")))
                return
            }
            lastStream = frame.stream
            deliver(.request(stream: frame.stream, body: complete))
        case FrameHeader.Kind.data:
            // Every method of this server is unary, so no stream ever takes data.
            deliver(
                .refuse(stream: frame.stream, error: RPCError(.invalidArgument, "StreamID is no longer active")))
        default:
            break  // responses and kinds of newer peers: ignored without an answer, as the Go server does
        }
    }
}
