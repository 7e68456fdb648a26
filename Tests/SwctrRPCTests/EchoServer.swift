import Glibc
import Logging
import NIOCore
import NIOPosix
import SwctrCore
import SwctrLinux
import SwctrRPC
import SwctrWire
import SwiftProtobuf

/// A server of the tests' own on a socket in a folder of its own, and what its handlers saw.
final class EchoServer: Sendable {
    static let service = "test.Echo"
    static let loops = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    static let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    let server: RPCServer
    let path: String
    /// "started NAME" when a waiting handler runs, "cancelled NAME" when it was cancelled.
    let seen: AsyncStream<String>
    private let folder: String

    /// Runs `body` with a server, and ends it whatever happens.
    static func with<Result: Sendable>(
        limits: ServerLimits = .init(), admit: @escaping @Sendable (PeerCredentials) -> Bool = { $0.isThisUser },
        _ body: @Sendable (EchoServer) async throws -> Result
    ) async throws -> Result {
        var template = Array("/tmp/swctr-rpc-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw EngineError.system("mkdtemp", subject: "/tmp") }
        let folder = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        defer { rmdir(folder) }
        let (seen, note) = AsyncStream.makeStream(of: String.self)
        let path = folder + "/echo.sock"
        let server = try await RPCServer.listen(
            at: path, mode: 0o600, group: nil, router: router(note), limits: limits, admit: admit, eventLoops: loops,
            log: log)
        let echo = EchoServer(server: server, path: path, seen: seen, folder: folder)
        do {
            let result = try await body(echo)
            await server.shutdown()
            return result
        } catch {
            await server.shutdown()
            throw error
        }
    }

    private init(server: RPCServer, path: String, seen: AsyncStream<String>, folder: String) {
        self.server = server
        self.path = path
        self.seen = seen
        self.folder = folder
    }

    func client() async throws -> RPCClient {
        try await RPCClient.connect(to: path, timeout: .seconds(90), eventLoops: Self.loops, log: Self.log)
    }

    /// Blocking work of a raw client, away from the threads that run the tests' tasks.
    func raw<Result: Sendable>(_ body: @escaping @Sendable (RawClient) throws -> Result) async throws -> Result {
        try await NIOThreadPool.singleton.runIfActive { [path] in
            let client = try RawClient(path)
            return try body(client)
        }
    }

    private static func router(_ note: AsyncStream<String>.Continuation) -> RPCRouter {
        typealias Text = Google_Protobuf_StringValue
        typealias Bytes = Google_Protobuf_BytesValue
        typealias Number = Google_Protobuf_Int64Value
        var router = RPCRouter()
        router.unary(service, "Echo") { (request: Text, _) -> Text in request }
        router.unary(service, "EchoBytes") { (request: Bytes, _) -> Bytes in request }
        router.unary(service, "Empty") { (_: Google_Protobuf_Empty, _) -> Google_Protobuf_Empty in .init() }
        router.unary(service, "Fail") { (request: Text, _) -> Text in
            throw EngineError(
                .failedPrecondition, operation: "fail", subject: request.value, message: "as wanted", hint: "do not")
        }
        router.unary(service, "Big") { (request: Number, _) -> Text in
            Text.with { $0.value = String(repeating: "x", count: Int(request.value)) }
        }
        router.unary(service, "Namespace") { (_: Google_Protobuf_Empty, context) -> Text in
            let name = try context.namespace.rawValue
            return Text.with { $0.value = "\(name) \(context.peer.pid == getpid()) \(context.deadline != nil)" }
        }
        router.unary(service, "Wait") { (request: Text, _) -> Text in
            note.yield("started \(request.value)")
            defer { note.yield("cancelled \(request.value)") }
            try await Task.sleep(for: .seconds(3600))
            return request
        }
        router.serverStream(service, "Count") { (request: Number, responder: RPCResponder<Number>, _) in
            for number in 0..<request.value { try await responder.send(Number.with { $0.value = number }) }
            if request.value == 13 { throw EngineError(.outOfRange, message: "thirteen") }
        }
        router.duplex(service, "Sum") { (requests: RPCRequests<Bytes>, responder: RPCResponder<Number>, _) in
            var total: Int64 = 0
            for try await request in requests {
                total += Int64(request.value.count)
                try await responder.send(Number.with { $0.value = total })
            }
        }
        router.duplex(service, "Stall") { (requests: RPCRequests<Bytes>, responder: RPCResponder<Number>, _) in
            note.yield("started stall")
            defer { note.yield("cancelled stall") }
            try await Task.sleep(for: .seconds(3600))
        }
        router.duplex(service, "Refuse") { (requests: RPCRequests<Bytes>, responder: RPCResponder<Number>, _) in
            throw EngineError(.invalidArgument, message: "refused")
        }
        return router
    }
}
