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
