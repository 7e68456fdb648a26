import Glibc
public import SwctrCore

/// One `poll` call's set of descriptors. Poll and not epoll: regular files, which a client's stdin and stdout may be,
/// are always ready in one and refused by the other.
public struct PollSet {
    private var entries: [pollfd] = []

    public init() {}

    /// What to wait for.
    public struct Interest: OptionSet, Sendable {
        public let rawValue: Int16
        public init(rawValue: Int16) { self.rawValue = rawValue }
        public static let readable = Interest(rawValue: Int16(POLLIN))
        public static let writable = Interest(rawValue: Int16(POLLOUT))
    }

    /// Where in the set a descriptor sits, to ask for its answer by.
    public struct Slot: Sendable { fileprivate let index: Int }

    /// Starts over with an empty set.
    public mutating func removeAll() { entries.removeAll(keepingCapacity: true) }

    /// Adds a descriptor; an empty interest still reports hang-ups and errors.
    public mutating func add(_ fd: Int32, _ interest: Interest) -> Slot {
        entries.append(pollfd(fd: fd, events: interest.rawValue, revents: 0))
        return Slot(index: entries.count - 1)
    }

    /// Waits until one is ready or the time has passed.
    ///
    /// - Parameter timeout: nil waits for ever.
    /// - Returns: whether any is ready.
    public mutating func wait(_ timeout: Duration?) throws(EngineError) -> Bool {
        let milliseconds = timeout.map(Self.milliseconds) ?? -1
        while true {
            let count = poll(&entries, nfds_t(entries.count), milliseconds)
            if count >= 0 { return count > 0 }
            // The caller's clock decides how long is left, so an interrupted wait is a short one.
            if errno == EINTR { return false }
            throw .system("poll", subject: "\(entries.count) descriptors")
        }
    }

    /// Readable, hung up or in error: a read will not wait.
    public func isReadable(_ slot: Slot?) -> Bool { has(slot, Int16(POLLIN | POLLHUP | POLLERR | POLLNVAL)) }

    /// Writable or in error: a write will say what is the matter.
    public func isWritable(_ slot: Slot?) -> Bool { has(slot, Int16(POLLOUT | POLLERR | POLLNVAL)) }

    /// The other side is gone for good.
    public func isBroken(_ slot: Slot?) -> Bool { has(slot, Int16(POLLERR | POLLNVAL)) }

    private func has(_ slot: Slot?, _ bits: Int16) -> Bool {
        guard let slot, slot.index < entries.count else { return false }
        return entries[slot.index].revents & bits != 0
    }

    /// Rounded up, so that a wait never ends before its time.
    private static func milliseconds(_ duration: Duration) -> Int32 {
        let (seconds, attoseconds) = duration.components
        if seconds < 0 { return 0 }
        let limited = min(seconds, 1_000_000)
        return Int32(limited * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
