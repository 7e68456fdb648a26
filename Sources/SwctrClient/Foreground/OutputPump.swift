import Glibc
import SwctrCore
import SwctrLinux

/// Copies one output of the process, from its FIFO to a descriptor of ours, as fast as both sides go and never waiting
/// for either. When nobody reads our side any more the rest is read and dropped, so that the process is never blocked.
final class OutputPump {
    /// How bytes get to the other side.
    private enum Way {
        /// The kernel moves them; for pipes, regular files and devices.
        case splice
        /// Read and write.
        case copy
        /// Nobody takes them.
        case drop
    }

    private let source: OwnedFD
    private let sink: OutputSink
    private var way: Way
    /// What was read and is not written yet.
    private var pending: [UInt8] = []
    private var written = 0
    private var sinkIsFull = false
    /// The process's side is closed and everything has gone out.
    private(set) var hasEnded = false
    /// Why our side takes no more, unless that was a closed pipe, which is nobody's mistake.
    private(set) var failure: String?
    /// Bytes that have been moved or dropped.
    private(set) var total = 0

    private static let round = 1 << 20

    /// - Parameters:
    ///   - source: the FIFO's reading end.
    ///   - fd: stays open and with the caller.
    init(from source: consuming OwnedFD, to fd: Int32) {
        growPipe(source.number, to: Int32(Self.round))
        self.source = source
        sink = OutputSink(fd)
        way = sink.canSplice ? .splice : .copy
    }

    var sourceDescriptor: Int32 { source.number }
    var sinkDescriptor: Int32 { sink.descriptor }
    /// Bytes wait for our side.
    var isHeldUp: Bool { !hasEnded && (sinkIsFull || !pending.isEmpty) }
    /// The source is worth waiting for.
    var wantsSource: Bool { !hasEnded && !isHeldUp }

    /// Moves what can be moved now. To be called when the side that was waited for is ready, and when the process has
    /// ended: then a FIFO that never had a writer counts as ended too.
    func move() {
        var isFirst = true
        while !hasEnded {
            if !flush() { return }
            switch way {
            case .splice:
                switch splice(from: source.number, to: sink.descriptor, length: Self.round) {
                case .moved(let count): total += count
                case .ended: hasEnded = true
                case .unsupported: way = .copy
                case .wouldBlock:
                    // The source was said to be ready and nothing moved, so it is the sink that is full; and if that
                    // was said to be ready, the source is empty.
                    sinkIsFull = isFirst && !sinkIsFull
                    return
                case .failed(let number): giveUp(number)
                }
                sinkIsFull = false
            case .copy: if !fill() { return }
            case .drop: if !discard() { return }
            }
            isFirst = false
        }
    }

    /// Reads into `pending`; false when there is nothing.
    private func fill() -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 128 << 10, alignment: 16) { buffer in
            switch SwctrLinux.read(source.number, into: buffer) {
            case .moved(let count):
                total += count
                pending.append(contentsOf: buffer[..<count])
                return true
            case .wouldBlock, .unsupported: return false
            case .ended, .failed:
                hasEnded = true
                return false
            }
        }
    }

    private func discard() -> Bool {
        let more = fill()
        pending.removeAll(keepingCapacity: true)
        return more
    }

    /// Writes what is pending; false when the sink takes no more at the moment.
    private func flush() -> Bool {
        while written < pending.count {
            let outcome = pending.withUnsafeBytes { sink.write(UnsafeRawBufferPointer(rebasing: $0[written...])) }
            switch outcome {
            case .moved(let count): written += count
            case .wouldBlock: return false
            case .failed(let number): giveUp(number)
            case .ended, .unsupported: giveUp(EIO)
            }
        }
        pending.removeAll(keepingCapacity: true)
        written = 0
        return true
    }

    private func giveUp(_ number: Int32) {
        if number != EPIPE { failure = describeErrno(number) }
        way = .drop
        pending.removeAll()
        written = 0
        sinkIsFull = false
    }
}

/// Our side of an output: somebody else's descriptor, whose blocking mode is shared with other processes and must not be
/// changed.
final class OutputSink {
    let descriptor: Int32
    private let own: OwnedFD?
    private let isSocket: Bool
    private let isTerminal: Bool
    /// Whether splice is worth a try and does not wait.
    let canSplice: Bool

    init(_ fd: Int32) {
        var status = stat()
        let mode = fstat(fd, &status) == 0 ? status.st_mode & S_IFMT : 0
        isSocket = mode == S_IFSOCK
        isTerminal = mode == S_IFCHR && isatty(fd) == 1
        canSplice = mode == S_IFIFO || mode == S_IFREG || (mode == S_IFCHR && !isTerminal)
        // The terminal opened once more has a mode of its own, and a stopped one (^S) does not stop us.
        let reopened = isTerminal ? try? openFile("/proc/self/fd/\(fd)", O_WRONLY | O_NONBLOCK | O_NOCTTY) : nil
        if let terminal = reopened {
            descriptor = terminal.number
            own = consume terminal
        } else {
            descriptor = fd
            own = nil
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer) -> Transfer {
        if isSocket {
            let count = send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
            if count >= 0 { return .moved(count) }
            return errno == EAGAIN || errno == EINTR ? .wouldBlock : .failed(errno)
        }
        // A terminal that could not be opened again may wait; a little at a time it waits little.
        let limit = isTerminal && own == nil ? min(bytes.count, 256) : bytes.count
        return SwctrLinux.write(descriptor, from: UnsafeRawBufferPointer(rebasing: bytes[..<limit]))
    }
}
