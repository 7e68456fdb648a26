/// Decides what happens when a client's FIFO is full, so that a vanished reader never blocks a container.
///
/// The shim holds a read end of its own ("the hold"), so that the container survives a client's leaving and a later
/// client finds the newest output. The hold also hides whether anybody else reads; to learn that, it must be let go.
struct OutputFlow: Equatable {
    enum State: Equatable {
        /// Data moves; the hold is in place.
        case flowing
        /// Full, and nobody has ever read: the client is expected, wait with the hold in place.
        case awaitingFirstReader
        /// Full, and a live reader is slow: wait without the hold.
        case awaitingReader
    }

    enum Effect: Equatable {
        /// Let the hold go and ask the kernel whether another reader is there.
        case probe
        /// Wait for room; give up after the time that the contract grants a client to appear.
        case waitForFirstReader
        /// Wait for room or for the reader's end.
        case waitForReader
        /// Take the hold back, throw away the oldest data and go on.
        case discardOldest
        /// Take the hold back and go on.
        case resume
    }

    private(set) var state: State = .flowing
    /// Whether a reader other than the hold has been seen.
    private(set) var hasHadReader: Bool

    init(readerSeen: Bool) {
        hasHadReader = readerSeen
    }

    /// More has gone into the FIFO than is in it, so somebody has read.
    mutating func sawReader() {
        hasHadReader = true
    }

    /// The FIFO takes no more.
    mutating func full() -> Effect {
        guard hasHadReader else {
            state = .awaitingFirstReader
            return .waitForFirstReader
        }
        return .probe
    }

    /// The probe's answer, or the loss of the reader that was waited for.
    mutating func probed(readerPresent: Bool) -> Effect {
        state = readerPresent ? .awaitingReader : .flowing
        return readerPresent ? .waitForReader : .discardOldest
    }

    /// The FIFO has room again: somebody read.
    mutating func drained() -> Effect {
        hasHadReader = true
        state = .flowing
        return .resume
    }

    /// Nobody came in time; from now on this is a client that has left.
    mutating func gaveUpOnFirstReader() -> Effect {
        hasHadReader = true
        state = .flowing
        return .probe
    }
}
