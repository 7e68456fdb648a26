/// A first-in, first-out queue with a limit; when it is full the oldest entry makes room.
struct Backlog<Element> {
    let limit: Int
    private var entries: [Element] = []
    private(set) var dropped = 0

    init(limit: Int) {
        self.limit = limit
    }

    var isEmpty: Bool { entries.isEmpty }
    var count: Int { entries.count }
    var first: Element? { entries.first }

    mutating func append(_ element: Element) {
        if entries.count >= limit {
            entries.removeFirst()
            dropped += 1
        }
        entries.append(element)
    }

    /// Takes the oldest entry out; storage is given back when nothing is left.
    mutating func removeFirst() {
        guard !entries.isEmpty else { return }
        entries.removeFirst()
        if entries.isEmpty { entries = [] }
    }
}

/// How the event sender goes on after an attempt failed.
struct RetryPolicy: Equatable {
    private(set) var failures = 0
    /// Answers that refused the event that is being sent.
    private var refusals = 0

    /// With the pauses between them more than a daemon needs that only just starts.
    private static let mostRefusals = 10

    /// Milliseconds to wait before the next attempt: quick at first, for a daemon that restarts.
    mutating func delayAfterFailure() -> Int {
        failures += 1
        switch failures {
        case 1: return 0
        case 2...6: return 50 << (failures - 2)
        default: return 2000
        }
    }

    mutating func succeeded() {
        failures = 0
        refusals = 0
    }

    /// Whether an event that was answered with this code is given up: it can never be accepted, or those behind it have
    /// waited long enough. A daemon that is only not available yet is waited for.
    mutating func isFinal(code: Int32) -> Bool {
        if code == StatusCode.unavailable.rawValue { return false }
        refusals += 1
        return code == StatusCode.invalidArgument.rawValue || code == StatusCode.unimplemented.rawValue
            || refusals >= Self.mostRefusals
    }
}
