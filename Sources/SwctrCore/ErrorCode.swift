/// The class of an error, with gRPC's numbers as they travel in a ttrpc status. A struct and not an enum, so that a
/// number we do not know survives the way through us.
public struct ErrorCode: Hashable, Sendable, CustomStringConvertible {
    /// The number on the wire.
    public let rawValue: Int32
    public init(rawValue: Int32) { self.rawValue = rawValue }

    public static let ok = ErrorCode(rawValue: 0)
    public static let cancelled = ErrorCode(rawValue: 1)
    public static let unknown = ErrorCode(rawValue: 2)
    public static let invalidArgument = ErrorCode(rawValue: 3)
    public static let deadlineExceeded = ErrorCode(rawValue: 4)
    public static let notFound = ErrorCode(rawValue: 5)
    public static let alreadyExists = ErrorCode(rawValue: 6)
    public static let permissionDenied = ErrorCode(rawValue: 7)
    public static let resourceExhausted = ErrorCode(rawValue: 8)
    public static let failedPrecondition = ErrorCode(rawValue: 9)
    public static let aborted = ErrorCode(rawValue: 10)
    public static let outOfRange = ErrorCode(rawValue: 11)
    public static let unimplemented = ErrorCode(rawValue: 12)
    public static let `internal` = ErrorCode(rawValue: 13)
    public static let unavailable = ErrorCode(rawValue: 14)
    public static let dataLoss = ErrorCode(rawValue: 15)
    public static let unauthenticated = ErrorCode(rawValue: 16)

    /// The class in containerd's words: "not found", "failed precondition", …
    public var description: String {
        switch self {
        case .ok: "ok"
        case .cancelled: "canceled"
        case .unknown: "unknown"
        case .invalidArgument: "invalid argument"
        case .deadlineExceeded: "deadline exceeded"
        case .notFound: "not found"
        case .alreadyExists: "already exists"
        case .permissionDenied: "permission denied"
        case .resourceExhausted: "resource exhausted"
        case .failedPrecondition: "failed precondition"
        case .aborted: "aborted"
        case .outOfRange: "out of range"
        case .unimplemented: "not implemented"
        case .internal: "internal"
        case .unavailable: "unavailable"
        case .dataLoss: "data loss"
        case .unauthenticated: "unauthenticated"
        default: "code \(rawValue)"
        }
    }
}
