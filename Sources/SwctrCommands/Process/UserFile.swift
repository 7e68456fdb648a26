import Glibc
import SwctrCore
import SwctrLinux

/// Files that the user named on the command line: read here, where the user's rights hold, and sent to the manager.
enum UserFile {
    /// The most that is read: a request holds four mebibytes.
    private static let limit = 1 << 20

    /// - Parameter flag: that named it, for messages.
    /// - Throws: what the kernel refused; `.invalidArgument` for a file that is too large.
    static func read(_ path: String, for flag: String) throws(EngineError) -> [UInt8] {
        let subject = "\(flag) \"\(path)\""
        let number = try retryingInterrupts("open", subject: subject) { open(path, O_RDONLY | O_CLOEXEC) }
        let file = OwnedFD(adopting: number)
        let descriptor = file.number
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = try retryingInterrupts("read", subject: subject) { Glibc.read(descriptor, &chunk, chunk.count) }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            if bytes.count > limit {
                throw EngineError(.invalidArgument, subject: subject, message: "is larger than \(limit) bytes")
            }
        }
    }

    /// A descriptor that is at its end, open as long as the command runs.
    static func nothing() throws(EngineError) -> Int32 {
        try retryingInterrupts("open", subject: "/dev/null") { open("/dev/null", O_RDONLY | O_CLOEXEC) }
    }

    /// Writes a file anew.
    static func write(_ bytes: [UInt8], to path: String, for flag: String) throws(EngineError) {
        let subject = "\(flag) \"\(path)\""
        let number = try retryingInterrupts("open", subject: subject) {
            open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        }
        let file = OwnedFD(adopting: number)
        let descriptor = file.number
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = try retryingInterrupts("write", subject: subject) {
                rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            }
            rest = rest.dropFirst(count)
        }
    }

    /// - Throws: `.invalidArgument` besides, for a file that is not text.
    static func text(_ path: String, for flag: String) throws(EngineError) -> String {
        guard let text = String(validating: try read(path, for: flag), as: UTF8.self), !text.utf8.contains(0) else {
            throw EngineError(.invalidArgument, subject: "\(flag) \"\(path)\"", message: "is not text in UTF-8")
        }
        return text
    }
}

/// Paths go to the manager, which has another working directory.
func absolutePath(_ path: String) -> String {
    if path.hasPrefix("/") || path.isEmpty { return path }
    guard let folder = getcwd(nil, 0) else { return path }
    defer { free(folder) }
    return String(cString: folder) + "/" + path
}
