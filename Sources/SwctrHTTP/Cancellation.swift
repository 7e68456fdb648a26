import CSwctrLinux
import Glibc
public import SwctrCore
import SwctrLinux
import Synchronization

/// Lets one thread end the waits of others at once: a transfer whose caller has gone away, or whose neighbour failed.
public final class Cancellation: Sendable {
    private let isSet = Atomic<Bool>(false)
    private let reader: OwnedFD
    private let writer: OwnedFD

    /// - Throws: `.resourceExhausted` where the descriptor table is full.
    public init() throws(EngineError) {
        var ends: [Int32] = [-1, -1]
        if swctr_pipe(&ends) != 0 { throw .system("create pipe", subject: "cancellation") }
        reader = OwnedFD(adopting: ends[0])
        writer = OwnedFD(adopting: ends[1])
    }

    /// Ends every wait, now and later.
    public func cancel() {
        if isSet.exchange(true, ordering: .sequentiallyConsistent) { return }
        var byte: UInt8 = 1
        _ = Glibc.write(writer.number, &byte, 1)
    }

    public var isCancelled: Bool { isSet.load(ordering: .sequentiallyConsistent) }

    /// - Throws: `.cancelled` once it is.
    public func check() throws(EngineError) {
        if isCancelled { throw EngineError(.cancelled, message: "cancelled") }
    }

    /// Blocks the thread for a while; a pause that a server asked for, say.
    ///
    /// - Throws: `.cancelled`, at once.
    public func pause(_ duration: Duration) throws(EngineError) {
        let end = ContinuousClock.now + duration
        while true {
            try check()
            let left = ContinuousClock.now.duration(to: end)
            if left <= .zero { return }
            var set = PollSet()
            _ = set.add(reader.number, .readable)
            _ = try set.wait(left)
        }
    }

    /// Waits until a descriptor is ready.
    ///
    /// - Returns: false when the time has passed without that.
    /// - Throws: `.cancelled`.
    func await(_ descriptor: Int32, _ interest: PollSet.Interest, within limit: Duration) throws(EngineError) -> Bool {
        let end = ContinuousClock.now + limit
        while true {
            try check()
            var set = PollSet()
            let slot = set.add(descriptor, interest)
            _ = set.add(reader.number, .readable)
            let left = ContinuousClock.now.duration(to: end)
            if left <= .zero { return false }
            _ = try set.wait(left)
            if interest == .readable ? set.isReadable(slot) : set.isWritable(slot) { return true }
        }
    }
}
