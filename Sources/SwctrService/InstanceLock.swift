import Glibc
public import SwctrCore
import SwctrLinux

/// Makes sure that one manager works on a root folder: a kernel lock on `root/lock`, which ends with the process however
/// it ends.
public struct InstanceLock: ~Copyable, Sendable {
    private let file: OwnedFD

    private init(file: consuming OwnedFD) { self.file = file }

    /// Takes the lock; it ends with the value.
    ///
    /// - Throws: `.failedPrecondition` that names the holder's pid.
    public static func acquire(root: String) throws(EngineError) -> InstanceLock {
        let path = root + "/lock"
        let number = try retryingInterrupts("open", subject: path) { open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600) }
        let file = OwnedFD(adopting: number)
        while flock(number, LOCK_EX | LOCK_NB) != 0 {
            if errno == EINTR { continue }
            guard errno == EWOULDBLOCK else { throw .system("lock", subject: path) }
            let holder = try TextFile.read(file, path: path, limit: 64).prefix { $0.isNumber }
            throw EngineError(
                .failedPrecondition, subject: "root folder \(root)",
                message: "another swctrd works on it" + (holder.isEmpty ? "" : " (pid \(holder))"),
                hint: "stop that one, or use another --root and --state")
        }
        // For the message above only: the lock itself is the kernel's.
        let text = Array("\(getpid())\n".utf8)
        try retryingInterrupts("write", subject: path) { ftruncate(number, 0) }
        try retryingInterrupts("write", subject: path) { pwrite(number, text, text.count, 0) }
        return InstanceLock(file: file)
    }
}
