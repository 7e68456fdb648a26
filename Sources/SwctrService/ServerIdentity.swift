import Glibc
import SwctrCore
import SwctrLinux

/// The name that a manager gives itself when its root folder is first used.
enum ServerIdentity {
    /// Reads `root/server-id`; writes it where there is none.
    static func load(root: String) throws(EngineError) -> String {
        let path = root + "/server-id"
        if access(path, F_OK) == 0 { return trimmed(try TextFile.read(path, limit: 256)) }
        let id = trimmed(try TextFile.read("/proc/sys/kernel/random/uuid", limit: 256))
        // By rename, so that no crash leaves half a name behind.
        let draft = path + ".new"
        let bytes = Array((id + "\n").utf8)
        let number = try retryingInterrupts("open", subject: draft) {
            open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        }
        let file = OwnedFD(adopting: number)
        try retryingInterrupts("write", subject: draft) { write(file.number, bytes, bytes.count) }
        try retryingInterrupts("sync", subject: draft) { fsync(file.number) }
        try retryingInterrupts("rename", subject: path) { rename(draft, path) }
        return id
    }

    private static func trimmed(_ text: String) -> String { String(text.prefix { !$0.isWhitespace }) }
}
