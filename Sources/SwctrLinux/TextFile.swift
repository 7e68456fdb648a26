import Glibc
public import SwctrCore

/// Small files read whole: /proc, /sys, pid files.
public enum TextFile {
    /// - Parameter limit: bytes; a larger file is refused, so that a wrong path cannot fill memory.
    /// - Throws: the class of errno, or `.resourceExhausted` over the limit.
    public static func read(_ path: String, limit: Int) throws(EngineError) -> String {
        let number = try retryingInterrupts("open", subject: path) { open(path, O_RDONLY | O_CLOEXEC) }
        return try read(OwnedFD(adopting: number), path: path, limit: limit)
    }

    /// Reads what is left of an open file.
    ///
    /// - Parameter path: for messages.
    public static func read(_ file: borrowing OwnedFD, path: String, limit: Int) throws(EngineError) -> String {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        let descriptor = file.number
        while true {
            let count = try retryingInterrupts("read", subject: path) { Glibc.read(descriptor, &chunk, chunk.count) }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            if bytes.count + count > limit {
                throw EngineError(.resourceExhausted, subject: path, message: "is larger than \(limit) bytes")
            }
            bytes += chunk[..<count]
        }
    }
}
