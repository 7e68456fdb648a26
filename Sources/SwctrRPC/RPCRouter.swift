public import SwiftProtobuf
import SwctrCore
import SwctrProto
import SwctrWire

/// Which handler answers which method. Built once, before the server listens.
///
/// A handler runs in a task of its own, which is cancelled when the connection closes, when the deadline passes and
/// when the server shuts down. What it throws is the answer: `EngineError` and `RPCStatus` as they are, cancellation
/// as `.cancelled`, anything else as `.unknown`.
public struct RPCRouter: Sendable {
    /// How a method is called, without the types of its messages.
    enum Route: Sendable {
        /// Gives the response's message, encoded.
        case unary(@Sendable (Ttrpc_Request, CallContext) async throws -> Ttrpc_Response)
        /// `takesStream`: the client may send more messages than the request's own.
        case stream(takesStream: Bool, @Sendable (StreamInbox, MessageSink, CallContext) async throws -> Void)
    }

    private var services: [String: [String: Route]] = [:]

    public init() {}

    /// One request, one response.
    public mutating func unary<Request: Message, Response: Message>(
        _ service: String, _ method: String,
        _ handler: @escaping @Sendable (Request, CallContext) async throws -> Response
    ) {
        add(
            service, method,
            .unary { envelope, context in
                let request = try decoding { try Request(serializedBytes: envelope.payload) }
                let message = try await handler(request, context)
                var response = Ttrpc_Response()
                response.payload = try message.serializedBytes()
                return response
            })
    }

    /// One request, a stream of responses; the stream ends when the handler returns.
    public mutating func serverStream<Request: Message, Response: Message>(
        _ service: String, _ method: String,
        _ handler: @escaping @Sendable (Request, RPCResponder<Response>, CallContext) async throws -> Void
    ) {
        add(
            service, method,
            .stream(takesStream: false) { inbox, sink, context in
                let bytes = try await inbox.next() ?? []
                let request = try decoding { try Request(serializedBytes: bytes) }
                try await handler(request, RPCResponder(sink: sink), context)
            })
    }

    /// Streams both ways. The connection is not read while the handler leaves `ServerLimits.queuedMessages` unread.
    public mutating func duplex<Request: Message, Response: Message>(
        _ service: String, _ method: String,
        _ handler: @escaping @Sendable (RPCRequests<Request>, RPCResponder<Response>, CallContext) async throws -> Void
    ) {
        add(
            service, method,
            .stream(takesStream: true) { inbox, sink, context in
                try await handler(RPCRequests(inbox: inbox), RPCResponder(sink: sink), context)
            })
    }

    /// The methods that are served, as `service/method`, sorted.
    public var methods: [String] {
        services.flatMap { service, methods in methods.keys.map { "\(service)/\($0)" } }.sorted()
    }

    /// - Throws: `.unimplemented`, worded as containerd's server words it.
    func route(_ service: String, _ method: String) throws(RPCStatus) -> Route {
        guard let methods = services[service] else { throw RPCStatus(.unimplemented, "service \(service.prefix(256))") }
        guard let route = methods[method] else { throw RPCStatus(.unimplemented, "method \(method.prefix(256))") }
        return route
    }

    private mutating func add(_ service: String, _ method: String, _ route: Route) {
        let former = services[service, default: [:]].updateValue(route, forKey: method)
        precondition(former == nil, "a method has one handler")
    }
}

/// Runs a decoder; its failure is the caller's fault and worded as containerd's server words it.
func decoding<Value>(_ body: () throws -> Value) throws(RPCStatus) -> Value {
    do {
        return try body()
    } catch {
        throw RPCStatus(.internal, "ttrpc: error unmarshalling payload: \(error)")
    }
}
