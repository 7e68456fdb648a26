public import SwctrCore
import SwctrLinux
import SwctrWire
public import SwiftProtobuf

/// The manager, as one command sees it: an address, a namespace, and how long it may take.
public final class Client {
    /// Where to connect, and what goes with every call.
    public struct Options: Sendable {
        /// Path of the manager's socket.
        public var address: String
        public var namespace: Namespace
        /// For the whole command; nil waits for ever.
        public var timeout: Duration?
        /// For the connection to be taken.
        public var connectTimeout: Duration

        public static let defaultAddress = "/run/swctr/swctrd.sock"

        public init(
            address: String = defaultAddress, namespace: Namespace = .default, timeout: Duration? = nil,
            connectTimeout: Duration = .seconds(10)
        ) {
            self.address = address
            self.namespace = namespace
            self.timeout = timeout
            self.connectTimeout = connectTimeout
        }
    }

    public let options: Options
    /// Of the whole command.
    public let deadline: Deadline
    /// The connection that stands; `reconnect` replaces it.
    public private(set) var connection: Connection

    /// Connects.
    ///
    /// - Throws: `.unavailable` where no manager listens, `.permissionDenied` where the user may not talk to it.
    public init(_ options: Options) throws(EngineError) {
        self.options = options
        deadline = Deadline(after: options.timeout)
        connection = try Self.connect(options, deadline)
    }

    /// Over a connection that exists; it cannot be made anew unless `options` name the address.
    public init(_ options: Options, over connection: Connection) {
        self.options = options
        self.connection = connection
        deadline = Deadline(after: options.timeout)
    }

    /// Gives up the old connection and makes another.
    public func reconnect() throws(EngineError) { connection = try Self.connect(options, deadline) }

    /// One request, one answer.
    ///
    /// - Throws: what the manager answers; `.unavailable` when the connection is lost, `.deadlineExceeded`.
    public func call<Request: Message, Response: Message>(
        _ service: String, _ method: String, _ request: Request, returning: Response.Type = Response.self
    ) throws(EngineError) -> Response {
        let stream = try connection.open(
            service, method, request, shape: .unary, namespace: options.namespace.rawValue,
            timeout: deadline.remaining)
        guard let bytes = try next(on: stream) else {
            throw EngineError(.internal, operation: method, message: "the manager answered without a message")
        }
        connection.forget(stream)
        return try decode(bytes)
    }

    /// One request, many answers: `each` is called for every one until it answers false or the manager ends the stream.
    public func stream<Request: Message, Response: Message>(
        _ service: String, _ method: String, _ request: Request, returning: Response.Type = Response.self,
        each: (Response) throws(EngineError) -> Bool
    ) throws(EngineError) {
        let stream = try connection.open(
            service, method, request, shape: .serverStream, namespace: options.namespace.rawValue,
            timeout: deadline.remaining)
        defer { connection.forget(stream) }
        while let bytes = try next(on: stream) {
            if try !each(decode(bytes)) { return }
        }
    }

    /// Sends messages while it takes answers: `next` is asked for another message whenever the last one has gone out,
    /// until it has none.
    public func exchange<Request: Message, Response: Message>(
        _ service: String, _ method: String, returning: Response.Type = Response.self,
        next: () throws(EngineError) -> Request?, each: (Response) throws(EngineError) -> Void
    ) throws(EngineError) {
        let stream = try connection.open(
            service, method, nil, shape: .duplex, namespace: options.namespace.rawValue, timeout: deadline.remaining)
        defer { connection.forget(stream) }
        var isSending = true
        while true {
            // An answer goes first: a refused import is not sent to its end.
            while let event = connection.take(stream) {
                switch event {
                case .message(let bytes): try each(decode(bytes))
                case .ended: return
                case .failed(let error): throw error
                }
            }
            if isSending, !connection.isWriting {
                if let message = try next() {
                    try connection.send(message, on: stream)
                } else {
                    connection.finishSending(on: stream)
                    isSending = false
                }
                connection.readAvailable()
                continue
            }
            try connection.progress(deadline)
        }
    }

    private func next(on stream: Connection.Stream) throws(EngineError) -> [UInt8]? {
        while true {
            switch connection.take(stream) {
            case .message(let bytes): return bytes
            case .ended: return nil
            case .failed(let error): throw error
            case nil: try connection.progress(deadline)
            }
        }
    }

    private static func connect(_ options: Options, _ deadline: Deadline) throws(EngineError) -> Connection {
        let timeout = min(options.connectTimeout, deadline.remaining ?? options.connectTimeout)
        do {
            let socket = try UnixSocket.connect(to: options.address, timeout: timeout)
            setNonblocking(socket.number)
            return Connection(adopting: socket)
        } catch {
            let hint =
                switch error.code {
                case .unavailable, .notFound: "is swctrd running? --address names another socket"
                case .permissionDenied: "the socket is for root and the group swctr"
                default: ""
                }
            // A missing socket is a manager that is not there, not a thing that was asked for and is not found.
            throw EngineError(
                error.code == .notFound ? .unavailable : error.code, subject: "manager at \(options.address)",
                message: error.message, hint: hint,
                causes: [error.description])
        }
    }
}

/// Reads a message that the manager sent.
func decode<Response: Message>(_ bytes: [UInt8]) throws(EngineError) -> Response {
    do { return try Response(serializedBytes: bytes) } catch {
        throw EngineError(
            .internal, subject: "\(Response.protoMessageName)", message: "the manager's answer cannot be read",
            causes: ["\(error)"])
    }
}
