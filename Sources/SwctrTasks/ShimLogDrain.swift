import Dispatch
import Glibc
import Logging
import SwctrCore
import SwctrLinux
import Synchronization

/// Reads a shim's `log` FIFO for as long as the task exists and passes its lines on at debug level. It reads whether or
/// not anybody wants the lines: a full FIFO would block a shim that writes to it.
final class ShimLogDrain: Sendable {
    private static let queue = DispatchQueue(label: "swctr.shimlog")
    /// Longer lines are cut.
    private static let maximumLine = 4096

    // Dispatch's sources may be used from any thread; Linux's overlay does not say so in the type system.
    private nonisolated(unsafe) let source: any DispatchSourceRead

    /// - Throws: what opening the FIFO failed with.
    init(fifo: String, log: Logger) throws(EngineError) {
        // Read and write: with a writer of our own there is no end of file when the shim's last one goes.
        let number = try retryingInterrupts("open", subject: fifo) { open(fifo, O_RDWR | O_NONBLOCK | O_CLOEXEC) }
        source = DispatchSource.makeReadSource(fileDescriptor: number, queue: Self.queue)
        let rest = Mutex<[UInt8]>([])
        source.setEventHandler { [rest] in
            rest.withLock { Self.drain(number, &$0, log) }
        }
        source.setCancelHandler { close(number) }
        source.resume()
    }

    func stop() { source.cancel() }
    deinit { source.cancel() }

    private static func drain(_ number: Int32, _ rest: inout [UInt8], _ log: Logger) {
        // One bufferful an event: a shim that never stops logging does not keep the others' waiting.
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        let count = read(number, &chunk, chunk.count)
        if count <= 0 || log.logLevel > .debug { return }
        rest += chunk[..<count]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            tell(rest[..<end], log)
            rest.removeFirst(end + 1)
        }
        if rest.count > maximumLine {
            tell(rest[...], log)
            rest = []
        }
    }

    private static func tell(_ line: ArraySlice<UInt8>, _ log: Logger) {
        if line.isEmpty { return }
        log.debug("shim says", metadata: ["line": "\(String(decoding: line.prefix(maximumLine), as: UTF8.self))"])
    }
}
