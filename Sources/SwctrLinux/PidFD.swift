import CSwctrLinux
import Glibc
public import SwctrCore

/// Holds on to one process: unlike its number, the descriptor never means another one.
public struct PidFD: ~Copyable, Sendable {
    private let fd: OwnedFD
    /// The number, for messages.
    public let pid: pid_t

    /// Takes hold of a process that is known by its number. The number may have been given to another process since:
    /// check afterwards that it is the one that was meant.
    ///
    /// - Throws: `.notFound` when there is none.
    public init(of pid: pid_t) throws(EngineError) {
        let number = swctr_pidfd_open(pid)
        if number < 0 { throw .system("open pidfd", subject: "process \(pid)") }
        self.init(adopting: number, pid: pid)
    }

    init(adopting number: Int32, pid: pid_t) {
        fd = OwnedFD(adopting: number)
        self.pid = pid
    }

    /// Readable once the process has ended.
    public var descriptor: Int32 { fd.number }

    /// - Throws: `.notFound` when it has ended and was reaped.
    public borrowing func send(_ signal: Int32) throws(EngineError) {
        if swctr_pidfd_send_signal(fd.number, signal) != 0 {
            throw .system("send signal \(signal)", subject: "process \(pid)")
        }
    }

    /// Blocks until the process has ended, whoever its parent is.
    ///
    /// - Returns: false when `timeout` passed first.
    public borrowing func waitForEnd(timeout: Duration) -> Bool {
        let deadline = ContinuousClock.now + timeout
        var entry = pollfd(fd: fd.number, events: Int16(POLLIN), revents: 0)
        while true {
            let left = ContinuousClock.now.duration(to: deadline)
            let count = poll(&entry, 1, max(0, left.pollMilliseconds))
            if count > 0 { return true }
            if count == 0, left <= .zero { return false }
            if count < 0, errno != EINTR { return false }
        }
    }

    /// Reaps a child of this process if it has ended; nil while it runs.
    borrowing func reap() throws(EngineError) -> ExitStatus? {
        var status: Int32 = 0
        switch swctr_pidfd_reap(fd.number, &status) {
        case 1: return ExitStatus(waitStatus: status)
        case 0: return nil
        default: throw .system("wait for", subject: "process \(pid)")
        }
    }
}

extension Duration {
    /// For poll: rounded up, so that a wait never ends early and then spins.
    var pollMilliseconds: Int32 {
        let (seconds, attoseconds) = components
        if seconds >= 1_000_000 { return 1_000_000_000 }
        return Int32(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
