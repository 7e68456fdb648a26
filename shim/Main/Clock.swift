import CShim

enum Clock {
    /// Wall-clock time, for what is reported.
    static func now() -> Moment {
        var time = timespec()
        _ = clock_gettime(CLOCK_REALTIME, &time)
        return Moment(seconds: Int64(time.tv_sec), nanoseconds: Int32(time.tv_nsec))
    }

    /// Milliseconds that only grow, for deadlines.
    static func milliseconds() -> Int {
        var time = timespec()
        _ = clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    }
}
