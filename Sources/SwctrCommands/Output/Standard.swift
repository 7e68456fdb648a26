import Glibc
import SwctrCore
import SwctrLinux

/// Writes a line to stdout. Unbuffered: a command prints a whole table at once, and events are wanted as they come.
///
/// - Returns: false when nobody reads any more.
@discardableResult
func emit(_ text: String, terminator: String = "\n") -> Bool {
    (try? emit(Array((text + terminator).utf8))) ?? false
}

/// Writes bytes to stdout.
///
/// - Returns: false when nobody reads any more.
func emit(_ bytes: [UInt8]) throws(EngineError) -> Bool {
    let number = writeAll(bytes, to: STDOUT_FILENO)
    if number == 0 || number == EPIPE { return number == 0 }
    throw .system("write", subject: "standard output", errno: number)
}

/// Says a line to the user, on stderr.
func complain(_ line: String) { _ = writeAll(Array("swctr: \(line)\n".utf8), to: STDERR_FILENO) }

/// Draws over the current line of the terminal that stderr is.
func draw(_ line: String) { _ = writeAll(Array("\r\u{1b}[K\(line)".utf8), to: STDERR_FILENO) }

/// The errno, 0 when all was written.
private func writeAll(_ bytes: [UInt8], to fd: Int32) -> Int32 {
    var rest = bytes[...]
    while !rest.isEmpty {
        switch rest.withUnsafeBytes({ SwctrLinux.write(fd, from: $0) }) {
        case .moved(let count): rest = rest.dropFirst(count)
        case .wouldBlock:
            // Somebody else made the file non-blocking; it is still theirs.
            var set = PollSet()
            _ = set.add(fd, .writable)
            _ = try? set.wait(nil)
        case .failed(let number): return number
        case .ended, .unsupported: return EIO
        }
    }
    return 0
}
