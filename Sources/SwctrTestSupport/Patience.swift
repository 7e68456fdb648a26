import Foundation

/// How many times longer than usual the tests wait before they give up: SWCTR_PATIENCE, for emulated machines.
public enum Patience {
    public static let factor = getenv("SWCTR_PATIENCE").flatMap { Int(String(cString: $0)) } ?? 1

    static func deadline(after limit: Duration) -> ContinuousClock.Instant { .now.advanced(by: limit * factor) }
}
