import Glibc
import SwctrCore
import SwctrLinux

/// Copies the user's input into the process's stdin FIFO, from the moment when somebody reads it there.
final class InputPump {
    private let source: Int32
    private var opening: FIFOWriterOpening?
    private var sink: OwnedFD?
    private var canSplice: Bool
    private let isTerminal: Bool
    private var pending: [UInt8] = []
    private var written = 0
    private var sinkIsFull = false
    private var sourceHasEnded = false
    /// Nothing more will go in: the input has ended and is all written, or nobody reads it.
    private(set) var hasEnded = false
    private var lastByte: UInt8 = 0
    private var detachKeys: DetachKeys?
    /// The keys were typed: the user wants to leave.
    private(set) var isDetached = false

    /// End of transmission: how a terminal's user says that the input has ended.
    private static let endOfTransmission: UInt8 = 4

    /// - Parameters:
    ///   - source: stays open and with the caller, and keeps its blocking mode.
    ///   - terminal: the process has a terminal, which an end of input must not hang up: it gets a ^D instead.
    ///   - detachKeys: looked for with a terminal only.
    init(
        from source: Int32, to path: String, terminal: Bool, detachKeys: DetachKeys? = nil
    ) throws(EngineError) {
        self.source = source
        self.detachKeys = terminal ? detachKeys : nil
        isTerminal = terminal
        var status = stat()
        let mode = fstat(source, &status) == 0 ? status.st_mode & S_IFMT : 0
        canSplice = !terminal && (mode == S_IFIFO || mode == S_IFREG)
        opening = try FIFOWriterOpening(at: path)
    }

    /// Readable once the process's side is there; nil before and after that matters.
    var openingDescriptor: Int32? { opening?.descriptor }
    var sourceDescriptor: Int32? {
        // Before there is a reader one portion is read ahead, enough to see an early end of the input.
        sourceHasEnded || hasEnded || !pending.isEmpty || sinkIsFull ? nil : source
    }
    var sinkDescriptor: Int32? {
        guard !hasEnded, sinkIsFull || !pending.isEmpty else { return nil }
        return sink?.number
    }

    /// Takes the FIFO's writing end; to be called when `openingDescriptor` is readable.
    func opened() throws(EngineError) {
        guard var waiting = opening.take() else { return }
        do {
            let fd = try waiting.take()
            growPipe(fd.number, to: 1 << 20)
            sink = consume fd
            move(sourceIsReady: false)
        } catch {
            finish()
            throw error
        }
    }

    /// Moves what can be moved now.
    ///
    /// - Parameter sourceIsReady: a read will not wait; the source keeps its blocking mode, so this must be true.
    func move(sourceIsReady: Bool) {
        var isFirst = true
        while !hasEnded {
            if !flush() { return }
            if sourceHasEnded {
                // Without a reader yet there is still somebody to be told of the end.
                if sink != nil && !isTerminal { finish() }
                return
            }
            if canSplice, let to = sink?.number {
                switch splice(from: source, to: to, length: 1 << 20) {
                case .moved: break
                case .ended: sourceHasEnded = true
                case .unsupported: canSplice = false
                case .wouldBlock:
                    sinkIsFull = isFirst && !sinkIsFull
                    return
                case .failed(let number): number == EPIPE ? finish() : (canSplice = false)
                }
                sinkIsFull = false
                isFirst = false
            } else {
                // One read for each time that the source was said to be ready: the next one may wait.
                guard isFirst, sourceIsReady else { return }
                isFirst = false
                fill()
            }
        }
    }

    /// Closes the process's side; what is not written is lost.
    func finish() {
        hasEnded = true
        sourceHasEnded = true
        pending.removeAll()
        written = 0
        sink = nil
        opening = nil
    }

    private func fill() {
        withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 16) { buffer in
            switch SwctrLinux.read(source, into: buffer) {
            case .moved(let count):
                lastByte = buffer[count - 1]
                if let (passed, isComplete) = detachKeys?.pass(Array(buffer[..<count])) {
                    pending.append(contentsOf: passed)
                    isDetached = isDetached || isComplete
                } else {
                    pending.append(contentsOf: buffer[..<count])
                }
            case .wouldBlock, .unsupported: break
            case .ended, .failed:
                sourceHasEnded = true
                pending.append(contentsOf: detachKeys?.rest() ?? [])
                // In the middle of a line the first ^D only hands over the line.
                if isTerminal {
                    let isMidLine = lastByte != 0 && lastByte != UInt8(ascii: "\n") && lastByte != UInt8(ascii: "\r")
                    pending.append(contentsOf: [UInt8](repeating: Self.endOfTransmission, count: isMidLine ? 2 : 1))
                }
            }
        }
    }

    /// Writes what is pending; false when that has to wait.
    private func flush() -> Bool {
        while written < pending.count {
            guard let to = sink?.number else { return false }
            let outcome = pending.withUnsafeBytes {
                SwctrLinux.write(to, from: UnsafeRawBufferPointer(rebasing: $0[written...]))
            }
            switch outcome {
            case .moved(let count): written += count
            case .wouldBlock: return false
            case .failed, .ended, .unsupported:
                finish()
                return false
            }
        }
        pending.removeAll(keepingCapacity: true)
        written = 0
        return true
    }
}
