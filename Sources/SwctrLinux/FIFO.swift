import CSwctrLinux
import Glibc
public import SwctrCore

/// Named pipes, as containerd's clients and shims meet at.
public enum FIFO {
    /// Makes one that only its owner may open.
    public static func make(at path: String, mode: mode_t = 0o700) throws(EngineError) {
        if mkfifo(path, mode) < 0 { throw .system("make fifo", subject: path) }
    }

    /// Opens the reading end without waiting for a writer.
    ///
    /// Before the first writer the descriptor is silent; `poll` reports a hang-up only after a writer has come and gone.
    public static func openReader(at path: String) throws(EngineError) -> OwnedFD {
        try openFile(path, O_RDONLY | O_NONBLOCK)
    }

    /// Whether `path` is a FIFO.
    public static func exists(at path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO
    }
}

/// The writing end of a FIFO that nobody reads yet: it is opened, on a thread of its own, as soon as there is a reader.
///
/// Opening it both ways would not wait, but then bytes written before the reader comes are lost when we close first, and
/// the reader's going is never seen.
public struct FIFOWriterOpening: ~Copyable {
    private let path: String
    private let result: OwnedFD
    private var isTaken = false

    /// Starts waiting for a reader of `path`.
    public init(at path: String) throws(EngineError) {
        let pipe = try Pipe()
        let thread = pipe.writer.release()
        let number = swctr_open_writer_in_thread(path, thread)
        if number != 0 {
            _ = close(thread)
            throw .system("start thread", subject: path, errno: number)
        }
        self.path = path
        result = pipe.reader
    }

    /// Readable once the outcome is known.
    public var descriptor: Int32 { result.number }

    /// The writing end, non-blocking; to be called once, when `descriptor` is readable.
    public mutating func take() throws(EngineError) -> OwnedFD {
        var answer: Int32 = -1
        let source = result.number
        let count = try retryingInterrupts("read", subject: path) {
            withUnsafeMutableBytes(of: &answer) { Glibc.read(source, $0.baseAddress, $0.count) }
        }
        isTaken = true
        guard count == MemoryLayout<Int32>.size, answer >= 0 else {
            throw .system("open", subject: path, errno: count == MemoryLayout<Int32>.size ? -answer : EIO)
        }
        _ = swctr_set_nonblocking(answer, 1)
        return OwnedFD(adopting: answer)
    }

    deinit {
        if isTaken { return }
        // Lets the thread go that may still wait: with a reader its open succeeds, and it closes what nobody takes.
        let reader = swctr_open(path, O_RDONLY | O_NONBLOCK, 0)
        if reader >= 0 {
            var answer: Int32 = -1
            let count = withUnsafeMutableBytes(of: &answer) { Glibc.read(result.number, $0.baseAddress, $0.count) }
            if count == MemoryLayout<Int32>.size, answer >= 0 { _ = close(answer) }
            _ = close(reader)
        }
    }
}
