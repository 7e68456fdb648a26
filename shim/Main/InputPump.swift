import CShim

/// Moves a client's input to a process's pipe or terminal.
///
/// Our hold on the FIFO's write end keeps a client's leaving from looking like the end of input; `endInput` (CloseIO)
/// lets go of it, and the end then comes after everything that was written.
final class InputPump {
    private let loop: EventLoop
    private let scratch: Scratch
    private var source: OwnedFD
    private var hold: OwnedFD
    private var destination: OwnedFD
    private let isTerminal: Bool
    private var sourceWatch: Watch?
    private var destinationWatch: Watch?
    /// The last byte that went to a terminal: whether its reader stands at the beginning of a line.
    private var lastByte = UInt8(ascii: "\n")
    /// The rest of a portion that a terminal did not take.
    private var pending: [UInt8] = []

    init(
        loop: EventLoop, scratch: Scratch, source: consuming OwnedFD, hold: consuming OwnedFD,
        destination: consuming OwnedFD,
        isTerminal: Bool
    ) {
        self.loop = loop
        self.scratch = scratch
        self.source = source
        self.hold = hold
        self.destination = destination
        self.isTerminal = isTerminal
        _ = shim_set_nonblocking(self.destination.raw)
        watchSource()
    }

    func endInput() {
        hold.close()
        pump()
    }

    func close() {
        loop.remove(&sourceWatch)
        loop.remove(&destinationWatch)
        source.close()
        hold.close()
        destination.close()
        pending = []
    }

    private func watchSource() {
        guard sourceWatch == nil, source.isOpen else { return }
        sourceWatch = loop.add(source.raw, Ready.input) { [self] _ in pump() }
    }

    private func pump() {
        var rounds = 16
        while rounds > 0, source.isOpen, destinationWatch == nil {
            rounds -= 1
            guard flushPending() else { return }
            if shim_pending_bytes(source.raw) == 0 {
                if isAtEnd() { finish() }
                return
            }
            if !(isTerminal ? copy() : move()) { return }
        }
    }

    /// True if no client can write any more and everything has been read.
    private func isAtEnd() -> Bool {
        if hold.isOpen { return false }
        var entry = pollfd(fd: source.raw, events: Int16(POLLIN), revents: 0)
        _ = CShim.poll(&entry, 1, 0)
        return Int32(entry.revents) & (POLLHUP | POLLIN) == POLLHUP
    }

    private func move() -> Bool {
        let moved = splice(source.raw, nil, destination.raw, nil, 1 << 20, UInt32(SPLICE_F_NONBLOCK | SPLICE_F_MOVE))
        if moved > 0 { return true }
        if moved < 0, shim_errno() == EINTR { return true }
        if moved < 0, shim_errno() == EAGAIN {
            waitForDestination()
        } else {
            close()  // EPIPE: the process has closed its input; the client sees that too
        }
        return false
    }

    private func copy() -> Bool {
        let count = retrying { read(source.raw, scratch.input.baseAddress, Scratch.page) }
        guard count > 0 else { return false }
        scratch.note(count)
        pending = Array(scratch.input[..<count])
        lastByte = pending[count - 1]
        return true
    }

    /// True if nothing is left over.
    private func flushPending() -> Bool {
        guard !pending.isEmpty else { return true }
        let count = pending.withUnsafeBytes { buffer in
            retrying { write(destination.raw, buffer.baseAddress, buffer.count) }
        }
        if count == pending.count {
            pending = []
            return true
        }
        if count > 0 { pending.removeFirst(count) }
        if count < 0, shim_errno() != EAGAIN {
            pending = []  // EIO: nobody has the terminal open, so nobody misses this
            return true
        }
        waitForDestination()
        return false
    }

    private func waitForDestination() {
        loop.remove(&sourceWatch)
        guard destinationWatch == nil else { return }
        destinationWatch = loop.add(destination.raw, Ready.output) { [self] _ in
            loop.remove(&destinationWatch)
            watchSource()
            pump()
        }
    }

    /// End of input: a pipe tells its reader. Closing a terminal would hang up on the process and lose its last output,
    /// so a terminal that reads lines is sent its end character instead, as a person at the keyboard would do. Behind
    /// half a line it has to come twice: the first one only hands over what there is.
    private func finish() {
        if isTerminal {
            loop.remove(&sourceWatch)
            source.close()
            let end = shim_terminal_end_character(destination.raw)
            let ends = [end, end]
            let count = lastByte == UInt8(ascii: "\n") ? 1 : 2
            if end != 0 { _ = retrying { write(destination.raw, ends, count) } }
        } else {
            close()
        }
    }
}
