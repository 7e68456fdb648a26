import Glibc
public import Logging
public import NIOCore
import NIOPosix
import SwctrCore
public import SwctrLinux

/// Serves a router on a Unix socket.
///
/// Whom `admit` refuses is disconnected without a frame. A wrong frame is answered on its stream or, at worst, ends its
/// own connection.
public final class RPCServer: Sendable {
    /// Path of the socket.
    public let path: String
    private let listener: any Channel
    private let registry: ConnectionRegistry
    private let limits: ServerLimits
    private let log: Logger
    /// Device and inode of our socket: another's, made in its place meanwhile, is not removed.
    private let identity: SocketIdentity?

    private init(
        path: String, listener: any Channel, registry: ConnectionRegistry, limits: ServerLimits, log: Logger
    ) {
        self.path = path
        self.listener = listener
        self.registry = registry
        self.limits = limits
        self.log = log
        identity = SocketIdentity(of: path)
    }

    /// Binds and listens; a dead socket at the path is replaced.
    ///
    /// - Parameters:
    ///   - mode: permission bits of the socket.
    ///   - group: the socket's group; nil leaves the process's own.
    ///   - admit: decides by the peer's credentials, on an event loop: it must not block.
    /// - Throws: `.alreadyExists` when another process answers there, and what the kernel refuses.
    public static func listen(
        at path: String, mode: mode_t, group: gid_t?, router: RPCRouter, limits: ServerLimits = .init(),
        admit: @escaping @Sendable (PeerCredentials) -> Bool, eventLoops: any EventLoopGroup, log: Logger
    ) async throws -> RPCServer {
        let socket = try UnixSocket.bind(at: path, mode: mode, group: group)
        let registry = ConnectionRegistry(maximum: limits.connections)
        let bootstrap = ServerBootstrap(group: eventLoops)
            .serverChannelOption(.backlog, value: 256)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try accept(channel, router, limits, registry, admit, log)
                }
            }
        do {
            let listener = try await bootstrap.withBoundSocket(socket.release()).get()
            return RPCServer(path: path, listener: listener, registry: registry, limits: limits, log: log)
        } catch {
            throw EngineError(wrapping: error).during("listen", of: path)
        }
    }

    /// Runs on the connection's loop; throwing closes it.
    private static func accept(
        _ channel: any Channel, _ router: RPCRouter, _ limits: ServerLimits, _ registry: ConnectionRegistry,
        _ admit: @Sendable (PeerCredentials) -> Bool, _ log: Logger
    ) throws {
        let pipeline = channel.pipeline.syncOperations
        let peer = try pipeline.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { descriptor in
            try PeerCredentials(ofSocket: descriptor)
        }
        guard let peer, admit(peer) else {
            log.warning(
                "connection refused", metadata: ["peer.uid": "\(peer?.uid ?? .max)", "peer.pid": "\(peer?.pid ?? 0)"])
            throw EngineError(.permissionDenied, message: "peer not admitted")
        }
        let transport = FrameTransport(frameTimeout: limits.frameTimeout, log: log)
        let connection = ServerConnection(
            router: router, limits: limits, peer: peer, transport: transport, log: log)
        guard registry.add(NIOLoopBound(connection, eventLoop: channel.eventLoop), of: channel) else {
            log.warning("too many connections", metadata: ["limit": "\(limits.connections)"])
            throw EngineError(.resourceExhausted, message: "too many connections")
        }
        channel.closeFuture.whenComplete { _ in registry.remove(channel) }
        try pipeline.addHandlers(transport, connection)
    }

    /// Connections that are open now.
    public var connectionCount: Int { registry.count }

    /// Stops listening, cancels the handlers, and returns when all have ended and been answered, or after
    /// `ServerLimits.drainTimeout`; removes the socket.
    public func shutdown() async {
        try? await listener.close()
        if let identity, identity == SocketIdentity(of: path) { unlink(path) }
        let connections = registry.close()
        let closed = connections.map { bound in
            bound.eventLoop.flatSubmit { () -> EventLoopFuture<Void> in
                let connection = bound.value
                connection.drain()
                return connection.whenClosed(bound.eventLoop, atMost: TimeAmount(self.limits.drainTimeout))
            }
        }
        for future in closed { try? await future.get() }
    }
}

/// What tells one socket file from another at the same path.
private struct SocketIdentity: Equatable, Sendable {
    let device: dev_t
    let inode: ino_t

    init?(of path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        device = status.st_dev
        inode = status.st_ino
    }
}
