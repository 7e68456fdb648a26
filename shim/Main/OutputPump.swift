import CShim

/// Moves one stream of a process from its pipe or terminal to the client.
///
/// Nothing is ever read that cannot be written at once, so the pump holds no data of its own; a slow client fills the
/// kernel's pipes and then the container waits, as it would on a terminal. Files and logs take everything at once.
final class OutputPump {
    private let loop: EventLoop
    private let scratch: Scratch
    private var source: OwnedFD
    private let isTerminal: Bool
    private var sink: Sink
    private var flow: OutputFlow
    private var sourceWatch: Watch?
    private var sinkWatch: Watch?
    private var firstReaderTimer: Timer?
    private var processHasExited = false
    /// Bytes that have gone into the FIFO; fewer in it mean that somebody has read.
    private var delivered = 0
    private(set) var isFinished = false
    private let onFinish: () -> Void

    /// How long a client may take to open its end before output is thrown away instead of held up.
    private static let firstReaderGrace = 30_000

    init(
        loop: EventLoop, scratch: Scratch, source: consuming OwnedFD, isTerminal: Bool, sink: consuming Sink,
        onFinish: @escaping () -> Void
    ) {
        self.loop = loop
        self.scratch = scratch
        self.isTerminal = isTerminal
        flow = OutputFlow(readerSeen: sink.readerSeen)
        self.source = source
        self.sink = sink
        self.onFinish = onFinish
        _ = shim_set_nonblocking(self.source.raw)
        watchSource()
    }

    /// The process is gone: a terminal whose other side is closed has said everything.
    func processExited() {
        processHasExited = true
        if isTerminal { pump() }
    }

    /// Lets go of everything, whether or not there is more.
    func close() {
        guard !isFinished else { return }
        isFinished = true
        loop.remove(&sourceWatch)
        loop.remove(&sinkWatch)
        firstReaderTimer?.cancel()
        firstReaderTimer = nil
        source.close()
        sink.close()
        onFinish()
    }

    private func watchSource() {
        guard sourceWatch == nil else { return }
        // A terminal without a process on its other side hangs up all the time: look at changes only.
        let events = isTerminal ? Ready.input | Ready.edge : Ready.input
        sourceWatch = loop.add(source.raw, events) { [self] _ in pump() }
    }

    /// Moves what there is. Bounded, so that one busy stream does not starve the others; level-triggering brings us back,
    /// or a timer.
    private func pump() {
        var rounds = isTerminal ? 64 : 16
        while rounds > 0, !isFinished, isTerminal ? moveFromTerminal() : moveFromPipe() { rounds -= 1 }
        scratch.shrink()
        if isTerminal, rounds == 0, !isFinished { _ = loop.after(0) { [self] in if !isFinished { pump() } } }
    }

    /// Moves one portion; false when there is nothing (more) to do now.
    private func moveFromPipe() -> Bool {
        let waiting = Int(shim_pending_bytes(source.raw))
        if waiting <= 0 {
            if sourceIsAtEnd() { close() }
            return false
        }
        // Small portions are copied: they share pages, so that a FIFO holds sixty-four kilobytes and not sixteen writes.
        guard sink.isFIFO, waiting > Scratch.page else {
            guard !sink.isFIFO || hasRoom() else { return !isFinished && sourceWatch != nil }
            return copy(limit: sink.isFIFO ? Scratch.page : scratch.input.count) < waiting
        }
        let moved = splice(source.raw, nil, sink.writer.raw, nil, 1 << 20, UInt32(SPLICE_F_NONBLOCK | SPLICE_F_MOVE))
        if moved > 0 {
            delivered += moved
            return moved < waiting
        }
        switch shim_errno() {
        case EINTR: return true
        case EAGAIN: return becomesFull()
        case EPIPE:
            apply(flow.probed(readerPresent: false))
            return true
        default: return false
        }
    }

    private func moveFromTerminal() -> Bool {
        guard !sink.isFIFO || hasRoom() else { return !isFinished && sourceWatch != nil }
        return copy(limit: sink.isFIFO ? Scratch.page : scratch.input.count) > 0
    }

    /// Whether a page can be written. If not, everything has been done for that, and the round is over.
    private func hasRoom() -> Bool {
        let room = sink.poll()
        if room.isBroken, !sink.hold.isOpen {
            apply(flow.probed(readerPresent: false))
            return false
        }
        if !room.hasRoom { _ = becomesFull() }
        return room.hasRoom
    }

    /// Reads a portion that can be written at once; how much that was, 0 for nothing now or ever.
    private func copy(limit: Int) -> Int {
        let count = retrying { read(source.raw, scratch.input.baseAddress, limit) }
        if count < 0 {
            if shim_errno() == EAGAIN { return 0 }
            // EIO: nobody has the terminal open now; a running process may open it again.
            if isTerminal, shim_errno() == EIO, !processHasExited { return 0 }
        }
        if count <= 0 {
            close()
            return 0
        }
        scratch.note(count)
        deliver(UnsafeRawBufferPointer(rebasing: scratch.input[..<count]))
        return count
    }

    /// Writes what was read. A FIFO with room takes a page whole; files take all or are full for good.
    private func deliver(_ data: UnsafeRawBufferPointer) {
        if sink.isLog {
            sink.log?.append(data)
            return
        }
        var done = 0
        while done < data.count {
            let count = retrying { write(sink.writer.raw, data.baseAddress.map { $0 + done }, data.count - done) }
            if count < 0 {
                // The last reader left just now.
                if shim_errno() == EPIPE, sink.isFIFO, !sink.hold.isOpen {
                    sink.takeHold()
                    if sink.hold.isOpen { continue }
                }
                // A device that would block, a full disk: the rest of this portion is lost, the container goes on.
                return
            }
            done += count
            delivered += count
        }
    }

    private func sourceIsAtEnd() -> Bool {
        var entry = pollfd(fd: source.raw, events: Int16(POLLIN), revents: 0)
        _ = CShim.poll(&entry, 1, 0)
        return Int32(entry.revents) & POLLHUP != 0 && shim_pending_bytes(source.raw) == 0
    }

    /// True if there is room again.
    private func becomesFull() -> Bool {
        // A first client may have come and gone while there was room.
        if delivered > shim_pending_bytes(sink.writer.raw) { flow.sawReader() }
        var effect = flow.full()
        while true {
            switch effect {
            case .probe:
                sink.hold.close()
                effect = flow.probed(readerPresent: !sink.poll().isBroken)
            case .discardOldest:
                apply(effect)
                return true
            default:
                apply(effect)
                return false
            }
        }
    }

    private func apply(_ effect: OutputFlow.Effect) {
        switch effect {
        case .probe:
            break  // resolved by becomesFull
        case .waitForFirstReader:
            waitForRoom()
            firstReaderTimer = loop.after(Self.firstReaderGrace) { [self] in
                guard flow.state == .awaitingFirstReader else { return }
                _ = flow.gaveUpOnFirstReader()
                loop.remove(&sinkWatch)
                watchSource()
                pump()
            }
        case .waitForReader:
            waitForRoom()
        case .discardOldest:
            sink.takeHold()
            discardOldest()
            loop.remove(&sinkWatch)
            watchSource()
        case .resume:
            firstReaderTimer?.cancel()
            firstReaderTimer = nil
            sink.takeHold()
            loop.remove(&sinkWatch)
            watchSource()
        }
    }

    private func waitForRoom() {
        loop.remove(&sourceWatch)
        guard sinkWatch == nil else { return }
        sinkWatch = loop.add(sink.writer.raw, Ready.output) { [self] events in
            apply(events & Ready.error != 0 ? flow.probed(readerPresent: false) : flow.drained())
            pump()
        }
    }

    /// Frees a quarter of a FIFO; what remains is the newest output, for a client that attaches later.
    private func discardOldest() {
        scratch.note(Scratch.page)
        for _ in 0..<4 where retrying({ read(sink.hold.raw, scratch.input.baseAddress, Scratch.page) }) <= 0 { return }
    }
}
