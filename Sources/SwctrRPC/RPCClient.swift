public import Logging
public import NIOCore
import NIOPosix
import SwctrCore
import SwctrLinux
import SwctrProto
import SwctrWire
public import SwiftProtobuf

/// One connection to a shim or a manager; it carries any number of calls at a time.
public final class RPCClient: Sendable {
    /// Path of the socket.
    public let path: String
    let channel: any Channel
    let connection: NIOLoopBound<ClientConnection>

    private init(path: String, channel: any Channel, connection: NIOLoopBound<ClientConnection>) {
        self.path = path
        self.channel = channel
        self.connection = connection
    }

    /// - Throws: `EngineError`: `.notFound` when there is no socket, `.unavailable` when nobody listens on it,
    ///   `.deadlineExceeded`, `.permissionDenied`.
    public static func connect(
        to path: String, timeout: Duration, eventLoops: any EventLoopGroup, log: Logger
    ) async throws -> RPCClient {
        let limits = ServerLimits()
        let bootstrap = ClientBootstrap(group: eventLoops)
            .connectTimeout(TimeAmount(timeout))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let transport = FrameTransport(frameTimeout: limits.frameTimeout, log: log)
                    try channel.pipeline.syncOperations.addHandlers(
                        transport, ClientConnection(subject: path, transport: transport, log: log))
                }
            }
        do {
            let channel = try await bootstrap.connect(unixDomainSocketPath: path).get()
            let connection = try await channel.eventLoop.submit {
                NIOLoopBound(
                    try channel.pipeline.syncOperations.handler(type: ClientConnection.self),
                    eventLoop: channel.eventLoop)
            }.get()
            return RPCClient(path: path, channel: channel, connection: connection)
        } catch let error as IOError {
            throw EngineError.system("connect", subject: path, errno: error.errnoCode)
        } catch ChannelError.connectTimeout {
            throw EngineError(
                .deadlineExceeded, operation: "connect", subject: path, message: "no answer in \(timeout)")
        } catch {
            throw EngineError(.unavailable, operation: "connect", subject: path, message: "\(error)")
        }
    }

    /// One request, one answer.
    ///
    /// Cancelling the task ends the waiting at once; the peer is not told, the protocol has no message for it.
    ///
    /// - Parameters:
    ///   - timeout: sent along as the call's deadline and watched here; nil waits for ever.
    /// - Throws: `EngineError` as the peer's status says; `.unavailable` when the connection is lost,
    ///   `.deadlineExceeded`, `.cancelled`.
    public func call<Request: Message, Response: Message>(
        _ service: String, _ method: String, _ request: Request, returning: Response.Type, timeout: Duration?,
        metadata: [String: String] = [:]
    ) async throws -> Response {
        let envelope = try Ttrpc_Request(
            service: service, method: method, message: request, timeout: timeout, metadata: metadata)
        let loop = channel.eventLoop
        let answered = loop.makePromise(of: Ttrpc_Response.self)
        let response = try await withTaskCancellationHandler {
            loop.execute { [connection] in
                guard let id = connection.value.call(envelope, answered), let timeout else { return }
                let timer = loop.scheduleTask(in: TimeAmount(min(timeout, .seconds(3_155_760_000)))) {
                    connection.value.forget(
                        id,
                        EngineError(
                            .deadlineExceeded, operation: method, subject: self.path,
                            message: "no answer in \(timeout)"))
                }
                answered.futureResult.whenComplete { _ in timer.cancel() }
            }
            return try await answered.futureResult.get()
        } onCancel: {
            // The call stays in the table until its answer or the end of the connection; only nobody waits for it.
            answered.fail(EngineError(.cancelled, operation: method, subject: path, message: "cancelled"))
        }
        do {
            return try Response(serializedBytes: response.payload)
        } catch {
            throw EngineError(
                .internal, operation: method, subject: path, message: "answer cannot be decoded: \(error)")
        }
    }

    /// Closes the connection; what is still awaited fails with `.unavailable`. Returns when it is closed.
    public func close() async {
        channel.close(promise: nil)
        try? await channel.closeFuture.get()
    }

    /// Returns when the connection is closed, by whichever side; also when it was closed before.
    public func waitUntilClosed() async {
        try? await channel.closeFuture.get()
    }
}
