/// How and when a process ended.
struct ExitStatus: Equatable, Sendable {
    /// The exit code, or 128 + the signal that ended it.
    var code: UInt32
    var at: Moment

    /// Reads the status word of wait4(2).
    init(waitStatus: Int32, at moment: Moment) {
        let signal = waitStatus & 0x7f
        code = signal == 0 ? UInt32(waitStatus >> 8 & 0xff) : UInt32(128 + signal)
        at = moment
    }

    init(code: UInt32, at moment: Moment) {
        self.code = code
        at = moment
    }
}

/// A point of wall-clock time, as protobuf's Timestamp has it.
struct Moment: Equatable, Sendable {
    var seconds: Int64
    var nanoseconds: Int32

    /// Go's zero time, which containerd's shim sends for "has not happened".
    static var never: Moment { Moment(seconds: -62_135_596_800, nanoseconds: 0) }
}

/// Exits of children that nobody has claimed yet.
///
/// A detached exec can end before the runtime's own child has told us its pid. While any such command runs, exits of
/// unknown pids are kept here; when none runs they were orphans and are forgotten.
struct EarlyExits {
    private var entries: [(pid: Int32, status: ExitStatus)] = []
    private(set) var claimants = 0

    var isEmpty: Bool { entries.isEmpty }

    /// A command that will make a process known has started.
    mutating func expect() {
        claimants += 1
    }

    /// Such a command has ended, and its process (if any) has been claimed.
    mutating func settle() {
        claimants -= 1
        if claimants == 0 { entries = [] }
    }

    /// Keeps an exit of an unknown pid, if somebody may still claim it.
    mutating func record(pid: Int32, status: ExitStatus) {
        guard claimants > 0 else { return }
        entries.append((pid, status))
    }

    /// Hands out the exit of `pid` once. The newest counts: an older one belonged to an orphan whose pid was reused.
    mutating func claim(pid: Int32) -> ExitStatus? {
        guard let index = entries.lastIndex(where: { $0.pid == pid }) else { return nil }
        return entries.remove(at: index).status
    }
}
