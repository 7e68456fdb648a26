/// gRPC status numbers, as ttrpc carries them.
enum StatusCode: Int32 {
    case canceled = 1
    case unknown = 2
    case invalidArgument = 3
    case deadlineExceeded = 4
    case notFound = 5
    case alreadyExists = 6
    case permissionDenied = 7
    case resourceExhausted = 8
    case failedPrecondition = 9
    case aborted = 10
    case outOfRange = 11
    case unimplemented = 12
    case internalError = 13
    case unavailable = 14
}

/// The answer of a call that failed. Texts that containerd's clients look at end in the error's class.
struct RPCError: Error, Equatable {
    var code: StatusCode
    var message: Text

    init(_ code: StatusCode, _ message: Text) {
        self.code = code
        self.message = message
    }

    static var containerNotCreated: RPCError {
        RPCError(.notFound, "container not created: not found")
    }

    static func noSuchExec(_ id: Text) -> RPCError {
        RPCError(.notFound, "process does not exist \(id): not found")
    }

    static var alreadyFinished: RPCError {
        RPCError(.notFound, "process already finished: not found")
    }

    static func initNotRunning(_ id: Text) -> RPCError {
        RPCError(.failedPrecondition, "container \(id) init process is not running: failed precondition")
    }

    static func exists(_ id: Text) -> RPCError {
        RPCError(.alreadyExists, "id \(id): already exists")
    }

    static var noTerminal: RPCError {
        RPCError(.unknown, "failed to retrieve console master: no terminal came")
    }

    static func invalid(_ what: Text) -> RPCError {
        RPCError(.invalidArgument, what + ": invalid argument")
    }
}
