import CTestSupport
import Glibc

/// A descriptor of the tests, closed with its owner.
final class Descriptor {
    private(set) var number: Int32

    init(_ number: Int32, _ what: String) throws {
        guard number >= 0 else { throw TestFailure("\(what): \(String(cString: strerror(errno)))") }
        self.number = number
    }

    func close() {
        if number >= 0 { _ = Glibc.close(number) }
        number = -1
    }

    deinit { close() }

    /// Both ends of a pipe that no child inherits by accident.
    static func pipe() throws -> (read: Descriptor, write: Descriptor) {
        var ends: [Int32] = [-1, -1]
        guard test_pipe(&ends) == 0 else { throw TestFailure("pipe: errno \(errno)") }
        return (try Descriptor(ends[0], "pipe"), try Descriptor(ends[1], "pipe"))
    }

    /// The descriptor that tells of the end of any process, ours or not.
    static func process(_ id: pid_t) throws -> Descriptor {
        try Descriptor(test_pidfd_open(id), "pidfd of process \(id)")
    }

    func setNonBlocking() {
        let flags = fcntl(number, F_GETFL)
        _ = fcntl(number, F_SETFL, flags | O_NONBLOCK)
    }
}

/// Waits until one of the descriptors is ready or `deadline` has come.
///
/// - Returns: what `poll` found for each, in their order; all zero at the deadline.
func awaitReadiness(_ wanted: [(descriptor: Int32, events: Int16)], until deadline: ContinuousClock.Instant) -> [Int16]
{
    var entries = wanted.map { pollfd(fd: $0.descriptor, events: $0.events, revents: 0) }
    while true {
        let left = ContinuousClock.now.duration(to: deadline).components
        let milliseconds = max(0, left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000 + 1)
        let found = poll(&entries, nfds_t(entries.count), Int32(clamping: left.seconds < 0 ? 0 : milliseconds))
        if found >= 0 || errno != EINTR { return entries.map(\.revents) }
    }
}
