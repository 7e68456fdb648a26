import CShim

/// One client of the shim's socket.
final class Connection {
    private let loop: EventLoop
    private var socket: OwnedFD
    private var watch: Watch?
    private var decoder = FrameDecoder()
    /// Answers that the peer has not taken yet.
    private var outgoing: [UInt8] = []
    private var sent = 0
    private(set) var inFlight = 0
    private(set) var isClosed = false
    /// Whether this peer has ever sent a whole request: a daemon that rests between calls has.
    private(set) var hasCompletedRequest = false
    /// For choosing whom to drop when there are too many.
    private(set) var lastActivity: Int

    private let onRequest: (Connection, UInt32, [UInt8]) -> Void
    private let onClose: (Connection) -> Void

    /// Calls in progress on one connection; more are refused until some are answered.
    static let maximumInFlight = 1024
    /// Unread answers beyond which nothing more is read from this peer.
    private static let outgoingLimit = 1 << 20

    init(
        loop: EventLoop, socket: consuming OwnedFD, onRequest: @escaping (Connection, UInt32, [UInt8]) -> Void,
        onClose: @escaping (Connection) -> Void
    ) {
        self.loop = loop
        self.socket = socket
        self.onRequest = onRequest
        self.onClose = onClose
        lastActivity = Clock.milliseconds()
        watch = loop.add(self.socket.raw, Ready.input) { [self] events in ready(events) }
    }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        loop.remove(&watch)
        socket.close()
        outgoing = []
        decoder = FrameDecoder()
        onClose(self)
    }

    /// Sends the answer of a call; nobody minds if the peer has gone.
    func finish(_ stream: UInt32, _ result: Result<[UInt8], RPCError>) {
        inFlight -= 1
        send(stream, result)
    }

    private func send(_ stream: UInt32, _ result: Result<[UInt8], RPCError>) {
        guard !isClosed else { return }
        let body = result.responseBody
        FrameHeader(length: UInt32(body.count), stream: stream, kind: FrameHeader.Kind.response).append(to: &outgoing)
        outgoing += body
        flush()
    }

    private func ready(_ events: UInt32) {
        lastActivity = Clock.milliseconds()
        if events & Ready.output != 0 { flush() }
        if !isClosed, events & (Ready.input | Ready.hangUp | Ready.error) != 0 { receive() }
    }

    private func receive() {
        // Not below the buffer: every page that the stack has ever reached stays ours.
        var events: [FrameEvent] = []
        guard readPortion(&events) else {
            close()
            return
        }
        for event in events where !isClosed { handle(event) }
    }

    /// One portion a turn: others get theirs in between, and level-triggering brings us back. False at the end.
    @inline(never)
    private func readPortion(_ events: inout [FrameEvent]) -> Bool {
        // Up to 1024 bytes are on the stack; more would be a page of the heap each time.
        withUnsafeTemporaryAllocation(byteCount: 1024, alignment: 16) { buffer in
            let count = retrying { read(socket.raw, buffer.baseAddress, buffer.count) }
            if count <= 0 { return count < 0 && shim_errno() == EAGAIN }
            decoder.feed(UnsafeRawBufferPointer(start: buffer.baseAddress, count: count)) { events.append($0) }
            return true
        }
    }

    private func handle(_ event: FrameEvent) {
        switch event {
        case .refuse(let stream, let error):
            send(stream, .failure(error))
        case .request(let stream, let body):
            guard inFlight < Self.maximumInFlight else {
                send(stream, .failure(RPCError(.resourceExhausted, "too many calls in progress on this connection")))
                return
            }
            inFlight += 1
            hasCompletedRequest = true
            onRequest(self, stream, body)
        }
    }

    private func flush() {
        while sent < outgoing.count {
            let count = outgoing.withUnsafeBytes { buffer in
                retrying {
                    CShim.send(
                        socket.raw, buffer.baseAddress.map { $0 + sent }, buffer.count - sent, Int32(MSG_NOSIGNAL))
                }
            }
            if count < 0 {
                if shim_errno() != EAGAIN { close() }
                break
            }
            sent += count
        }
        if sent >= outgoing.count {
            outgoing = []
            sent = 0
        }
        guard let watch else { return }
        // A peer that does not read its answers is not read from either.
        let input = outgoing.count - sent > Self.outgoingLimit ? 0 : Ready.input
        loop.modify(watch, outgoing.isEmpty ? input : input | Ready.output)
    }
}
