import CShim

/// A command of the OCI runtime in a program that has no loop: `delete` and `-info`.
enum BlockingCommand {
    /// Runs it to its end and returns its wait status; nil if it was killed after `limit` milliseconds.
    ///
    /// From the first call on, a polite request to end is not heard: what was begun is to be finished.
    static func run(_ spawn: Spawn, limit: Int) throws(SystemError) -> Int32? {
        let signals = OwnedFD(adopting: shim_signal_descriptor())
        guard signals.isOpen else { throw SystemError("signalfd") }
        let deadline = Clock.milliseconds() + limit
        let pid = try spawn.start()
        var status: Int32 = 0
        while true {
            let ended = waitpid(pid, &status, WNOHANG)
            if ended == pid { return status }
            let left = deadline - Clock.milliseconds()
            if left <= 0 {
                _ = kill(pid, SIGKILL)
                _ = retrying { Int(waitpid(pid, &status, 0)) }
                return nil
            }
            var wish = pollfd(fd: signals.raw, events: Int16(POLLIN), revents: 0)
            _ = poll(&wish, 1, Int32(clamping: left))
            withUnsafeTemporaryAllocation(of: signalfd_siginfo.self, capacity: 4) { buffer in
                _ = read(signals.raw, buffer.baseAddress, buffer.count * MemoryLayout<signalfd_siginfo>.stride)
            }
        }
    }
}
