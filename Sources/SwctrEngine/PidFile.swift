import Glibc
import SwctrCore
import SwctrLinux

/// A file that says which process runs: complete or not there, never in between.
enum PidFile {
    static func write(_ pid: UInt32, to path: String) throws(EngineError) {
        guard path.hasPrefix("/") else {
            throw EngineError(.invalidArgument, subject: "pid file \"\(path)\"", message: "must be absolute")
        }
        let temporary = "\(path).\(getpid()).new"
        let number = try retryingInterrupts("create pid file", subject: path) {
            open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o644)
        }
        let file = OwnedFD(adopting: number)
        do {
            let text = Array("\(pid)".utf8)
            let descriptor = file.number
            try retryingInterrupts("write pid file", subject: path) { Glibc.write(descriptor, text, text.count) }
            try retryingInterrupts("write pid file", subject: path) { rename(temporary, path) }
        } catch {
            unlink(temporary)
            throw error
        }
    }
}
