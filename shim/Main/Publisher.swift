import CShim

/// Sends events to the daemon: one at a time, in order, again until they are taken.
///
/// They go to its ttrpc socket. Only where there is none, or none that this shim has ever reached, its publish program
/// is run instead: a daemon that is away for a moment is waited for, not flooded with processes.
final class Publisher {
    private let loop: EventLoop
    private let log: Log
    private let path: Text
    private var queue = Backlog<[UInt8]>(limit: 1024)
    private var retry = RetryPolicy()
    private var socket = OwnedFD()
    private var watch: Watch?
    private var timer: Timer?
    private var stream: UInt32 = 1
    private var state = State.idle
    private var outgoing: [UInt8] = []
    private var incoming: [UInt8] = []
    private var whenFlushed: (() -> Void)?
    /// Whether the socket was ever there.
    private var hasConnected = false
    /// The last event went by the program.
    private var prefersProgram = false
    private var programPid: pid_t = 0
    private var attempt = 0
    /// What the queue had dropped when the event was sent that is on its way.
    private var droppedBefore = 0

    /// What is used where the socket cannot be had; set once, before the first event.
    var program: PublishProgram?

    private enum State {
        /// Nothing is being sent; there may be a connection.
        case idle
        case connecting
        /// The oldest event is on its way.
        case sending
        /// The last attempt failed; a timer runs.
        case pausing
    }

    private static let attemptTimeout = 5000
    /// So often a socket is tried before the program is.
    private static let socketAttempts = 3

    /// `path` is the daemon's ttrpc socket; without one and without a program every event is dropped.
    init(loop: EventLoop, log: Log, path: Text) {
        self.loop = loop
        self.log = log
        self.path = path
    }

    /// Queues a packed ForwardRequest.
    func publish(_ request: [UInt8]) {
        guard !path.isEmpty || program != nil else { return }
        let before = queue.dropped
        queue.append(request)
        if queue.dropped > before { log.warning("event queue is full, the oldest event is lost") }
        if state == .idle { sendNext() }
    }

    /// How many wait.
    var backlog: Int { queue.count }

    /// Calls `action` when the queue is empty or after `limit` milliseconds.
    func flush(limit: Int, _ action: @escaping () -> Void) {
        if queue.isEmpty {
            action()
            return
        }
        whenFlushed = action
        _ = loop.after(limit) { [self] in flushed() }
    }

    private func flushed() {
        let action = whenFlushed
        whenFlushed = nil
        action?()
    }

    private func sendNext() {
        guard let event = queue.first else {
            state = .idle
            timer?.cancel()
            timer = nil
            flushed()
            return
        }
        timer?.cancel()
        timer = loop.after(Self.attemptTimeout) { [self] in failed("no answer in time") }
        attempt += 1
        droppedBefore = queue.dropped
        if let program, usesProgram {
            run(program, event)
            return
        }
        guard socket.isOpen else {
            connect()
            return
        }
        state = .sending
        let arena = Arena()
        var request = Ttrpc__Request()
        ttrpc__request__init(&request)
        request.service = arena.string("containerd.services.events.ttrpc.v1.Events")
        request.method = arena.string("Forward")
        request.payload = arena.data(event)
        request.timeout_nano = Int64(Self.attemptTimeout) * 1_000_000
        let body = packed(&request)
        outgoing = []
        incoming = []
        FrameHeader(length: UInt32(body.count), stream: stream, kind: FrameHeader.Kind.request).append(to: &outgoing)
        outgoing += body
        write()
    }

    private var usesProgram: Bool {
        if path.isEmpty || prefersProgram { return true }
        // By turns, in case the socket is only late.
        return !hasConnected && retry.failures >= Self.socketAttempts && retry.failures % 2 == 1
    }

    private func run(_ program: PublishProgram, _ event: [UInt8]) {
        state = .sending
        let number = attempt
        do throws(SystemError) {
            programPid = try program.send(event) { [self] isTaken in
                // One that was given up has been killed.
                guard number == attempt, state == .sending else { return }
                programPid = 0
                prefersProgram = isTaken && !path.isEmpty
                if isTaken { taken() } else { failed("the publish program failed") }
            }
        } catch {
            failed(error.text)
        }
    }

    private func taken() {
        // A queue that has overflowed meanwhile has dropped this one already, as its oldest.
        if queue.dropped == droppedBefore { queue.removeFirst() }
        retry.succeeded()
        sendNext()
    }

    private func connect() {
        state = .connecting
        stream = 1
        var address = sockaddr_un()
        socket.replace(adopting: CShim.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0))
        let isConnected =
            path.withCString { shim_unix_address(&address, $0) } == 0
            && withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    CShim.connect(socket.raw, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            } == 0
        guard isConnected else {
            failed(SystemError("connect \(path)").text)
            return
        }
        hasConnected = true
        watch = loop.add(socket.raw, Ready.input) { [self] events in ready(events) }
        sendNext()
    }

    private func ready(_ events: UInt32) {
        if events & Ready.output != 0 { write() }
        if events & (Ready.input | Ready.hangUp | Ready.error) != 0, socket.isOpen { receive() }
    }

    private func write() {
        let count = outgoing.withUnsafeBytes { buffer in
            retrying { CShim.send(socket.raw, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL)) }
        }
        if count < 0, shim_errno() != EAGAIN {
            failed(SystemError("send event").text)
            return
        }
        outgoing.removeFirst(max(0, count))
        if outgoing.isEmpty { outgoing = [] }
        if let watch { loop.modify(watch, outgoing.isEmpty ? Ready.input : Ready.input | Ready.output) }
    }

    private func receive() {
        var isOpen = true
        withUnsafeTemporaryAllocation(byteCount: 1024, alignment: 16) { buffer in
            let count = retrying { read(socket.raw, buffer.baseAddress, buffer.count) }
            if count > 0 {
                incoming += UnsafeRawBufferPointer(start: buffer.baseAddress, count: count)
            } else if count == 0 || shim_errno() != EAGAIN {
                isOpen = false
            }
        }
        guard isOpen else {
            if state == .sending { failed("connection closed") } else { disconnect() }
            return
        }
        while let header = FrameHeader(incoming) {
            // An answer to Forward is a few bytes; anything large is not our daemon.
            guard header.length <= 65536 else {
                failed("answer too long")
                return
            }
            let end = FrameHeader.size + Int(header.length)
            guard incoming.count >= end else { return }
            let body = Array(incoming[FrameHeader.size..<end])
            incoming = Array(incoming[end...])
            if header.kind == FrameHeader.Kind.response, header.stream == stream, state == .sending {
                answered(body)
                return
            }
        }
    }

    private func answered(_ body: [UInt8]) {
        guard let response = Decoded(body, ttrpc__response__unpack, ttrpc__response__free_unpacked) else {
            failed("answer cannot be decoded")
            return
        }
        stream += 2
        let code = response.value.status?.pointee.code ?? 0
        if code != 0, !retry.isFinal(code: code) {
            failed(Text(response.value.status?.pointee.message))
            return
        }
        if code != 0 { log.warning("event refused: \(Text(response.value.status?.pointee.message))") }
        taken()
    }

    private func disconnect() {
        if programPid > 0 { _ = kill(programPid, SIGKILL) }
        programPid = 0
        prefersProgram = false
        loop.remove(&watch)
        socket.close()
        outgoing = []
        incoming = []
    }

    private func failed(_ reason: Text) {
        disconnect()
        timer?.cancel()
        let delay = retry.delayAfterFailure()
        if retry.failures == 2 { log.warning("cannot forward events, will go on trying: \(reason)") }
        state = .pausing
        timer = loop.after(delay) { [self] in sendNext() }
    }
}
