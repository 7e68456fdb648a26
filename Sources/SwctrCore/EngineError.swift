/// What goes wrong, from the stores up to the client: a class, the thing it happened to, the cause, the next step.
///
/// Text is lower case, without a full stop. Nobody branches on it: branch on `code`.
public struct EngineError: Error, Sendable, CustomStringConvertible {
    /// The class, as it travels in a status.
    public var code: ErrorCode
    /// What was being done: "run", "unpack", "mount overlay"; empty where the caller knows.
    public var operation: String
    /// What it was done to: an id, a path, a reference, quoted as the reader should see it.
    public var subject: String
    /// What is wrong with it.
    public var message: String
    /// What to do about it: a command or a flag; empty where there is nothing useful to say.
    public var hint: String
    /// Texts of the errors beneath, outermost first; shown by `--debug`.
    public var causes: [String]

    public init(
        _ code: ErrorCode, operation: String = "", subject: String = "", message: String, hint: String = "",
        causes: [String] = []
    ) {
        self.code = code
        self.operation = operation
        self.subject = subject
        self.message = message
        self.hint = hint
        self.causes = causes
    }

    /// One line: `operation: subject: message`, without the hint.
    public var description: String {
        [operation, subject, message].filter { !$0.isEmpty }.joined(separator: ": ")
    }

    /// The same error, seen from one step further up.
    public func during(_ operation: String, of subject: String = "") -> EngineError {
        var outer = self
        outer.causes.insert(description, at: 0)
        if outer.operation.isEmpty { outer.operation = operation }
        if outer.subject.isEmpty { outer.subject = subject }
        return outer
    }

    /// Any error as an `EngineError`; one that is none becomes `.unknown` with its description.
    public init(wrapping error: any Error) {
        if let error = error as? EngineError {
            self = error
        } else if error is CancellationError {
            self.init(.cancelled, message: "cancelled")
        } else {
            self.init(.unknown, message: "\(error)")
        }
    }
}
