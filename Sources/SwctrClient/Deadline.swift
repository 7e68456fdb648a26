/// A moment by which a whole command must be done; none is never.
public struct Deadline: Sendable {
    private let moment: ContinuousClock.Instant?

    /// - Parameter timeout: counted from now; nil or zero sets none, as in ctr.
    public init(after timeout: Duration?) {
        moment = timeout.flatMap { $0 > .zero ? ContinuousClock.now + $0 : nil }
    }

    /// What is left, zero when it has passed, nil without a deadline.
    public var remaining: Duration? {
        moment.map { max(.zero, ContinuousClock.now.duration(to: $0)) }
    }

    public var hasPassed: Bool { remaining == .zero }
}
