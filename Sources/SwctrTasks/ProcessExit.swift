public import Foundation
public import SwctrCore

/// How one process of a task ended. Only ever built from what a shim, or its clean-up call, reported.
public struct ProcessExit: Sendable, Hashable {
    public var status: ExitStatus
    public var exitedAt: Date
    /// Why, where the process did not give the status itself; empty for an ordinary end.
    public var reason: String

    public init(status: ExitStatus, exitedAt: Date, reason: String = "") {
        self.status = status
        self.exitedAt = exitedAt
        self.reason = reason
    }
}
