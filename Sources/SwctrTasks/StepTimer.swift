import Logging

/// Tells, at trace level, how long each step of a call took.
struct StepTimer {
    private let log: Logger
    private let operation: String
    private var last = ContinuousClock.now

    init(_ operation: String, log: Logger) {
        self.operation = operation
        self.log = log
    }

    mutating func done(_ step: String) {
        if log.logLevel > .trace { return }
        let now = ContinuousClock.now
        let (seconds, attoseconds) = last.duration(to: now).components
        last = now
        log.trace(
            "step done",
            metadata: [
                "operation": "\(operation)", "step": "\(step)",
                "microseconds": "\(seconds * 1_000_000 + attoseconds / 1_000_000_000_000)",
            ])
    }
}
