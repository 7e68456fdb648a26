import Glibc
import SwctrCore
import SwctrLinux
import SwctrRPC
import SwctrWire
import SwiftProtobuf
import Testing

@Suite("Calls")
struct CallTests {
    typealias Text = Google_Protobuf_StringValue
    typealias Number = Google_Protobuf_Int64Value

    @Test("a request is answered")
    func echo() async throws {
        try await EchoServer.with { echo in
            let client = try await echo.client()
            let answer = try await client.call(
                EchoServer.service, "Echo", Text.with { $0.value = "hello" }, returning: Text.self,
                timeout: .seconds(90))
            #expect(answer.value == "hello")
            await client.close()
        }
    }

    @Test("a thousand calls share a connection, and each gets its own answer")
    func concurrent() async throws {
        var limits = ServerLimits()
        limits.callsPerConnection = 2000
        try await EchoServer.with(limits: limits) { echo in
            let client = try await echo.client()
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<1000 {
                    group.addTask {
                        let text = Text.with { $0.value = "\(number)" }
                        return try await client.call(
                            EchoServer.service, "Echo", text, returning: Text.self, timeout: nil) == text
                    }
                }
                for try await isEqual in group { #expect(isEqual) }
            }
            await client.close()
        }
    }

    @Test("a slow call holds no other one up")
    func slow() async throws {
        try await EchoServer.with { echo in
            let client = try await echo.client()
            let waiting = Task {
                try await client.call(EchoServer.service, "Wait", Text(), returning: Text.self, timeout: nil)
            }
            for await note in echo.seen where note == "started " { break }
            let answer = try await client.call(
                EchoServer.service, "Echo", Text(), returning: Text.self, timeout: .seconds(90))
            #expect(answer == Text())
            waiting.cancel()
            let error = await #expect(throws: EngineError.self) { try await waiting.value }
            #expect(error?.code == .cancelled)
            await client.close()
        }
    }

    @Test("an error arrives with class, subject and hint")
    func failure() async throws {
        try await EchoServer.with { echo in
            let client = try await echo.client()
            let error = await #expect(throws: EngineError.self) {
                try await client.call(
                    EchoServer.service, "Fail", Text.with { $0.value = "x" }, returning: Text.self, timeout: nil)
            }
            #expect(error?.code == .failedPrecondition)
            #expect(error?.description == "fail: x: as wanted")
            #expect(error?.hint == "do not")
            await client.close()
        }
    }

    @Test(
        "an unknown method is unimplemented, in containerd's words",
        arguments: [(EchoServer.service, "Nope", "method Nope"), ("no.Service", "Echo", "service no.Service")])
    func unknown(service: String, method: String, message: String) async throws {
        try await EchoServer.with { echo in
            let client = try await echo.client()
            let error = await #expect(throws: EngineError.self) {
                try await client.call(service, method, Text(), returning: Text.self, timeout: nil)
            }
            #expect(error?.code == .unimplemented)
            #expect(error?.message == message)
            await client.close()
        }
    }

    @Test("namespace, deadline and peer reach the handler")
    func context() async throws {
        try await EchoServer.with { echo in
            let client = try await echo.client()
            let named = try await client.call(
                EchoServer.service, "Namespace", Google_Protobuf_Empty(), returning: Text.self, timeout: .seconds(90),
                metadata: [Metadata.namespaceKey: "k8s.io"])
            #expect(named.value == "k8s.io true true")
            let plain = try await client.call(
                EchoServer.service, "Namespace", Google_Protobuf_Empty(), returning: Text.self, timeout: nil)
            #expect(plain.value == "default true false")
            let error = await #expect(throws: EngineError.self) {
                try await client.call(
                    EchoServer.service, "Namespace", Google_Protobuf_Empty(), returning: Text.self, timeout: nil,
                    metadata: [Metadata.namespaceKey: "../x"])
            }
            #expect(error?.code == .invalidArgument)
            await client.close()
        }
    }

    @Test("a deadline ends the call on both sides")
    func deadline() async throws {
        try await EchoServer.with { echo in
            let client = try await echo.client()
            let error = await #expect(throws: EngineError.self) {
                try await client.call(
                    EchoServer.service, "Wait", Text.with { $0.value = "late" }, returning: Text.self,
                    timeout: .milliseconds(50))
            }
            #expect(error?.code == .deadlineExceeded)
            for await note in echo.seen where note == "cancelled late" { break }
            await client.close()
        }
    }

    @Test("a closed connection cancels its handlers")
    func clientGone() async throws {
        try await EchoServer.with { echo in
            let client = try await echo.client()
            let call = Task {
                try await client.call(
                    EchoServer.service, "Wait", Text.with { $0.value = "gone" }, returning: Text.self, timeout: nil)
            }
            for await note in echo.seen where note == "started gone" { break }
            await client.close()
            for await note in echo.seen where note == "cancelled gone" { break }
            let error = await #expect(throws: EngineError.self) { try await call.value }
            #expect(error?.code == .unavailable)
        }
    }

    @Test("a shutdown answers what runs and closes the connections")
    func shutdown() async throws {
        try await EchoServer.with { echo in
            let client = try await echo.client()
            let call = Task {
                try await client.call(EchoServer.service, "Wait", Text(), returning: Text.self, timeout: nil)
            }
            for await note in echo.seen where note == "started " { break }
            await echo.server.shutdown()
            await client.waitUntilClosed()
            let error = await #expect(throws: EngineError.self) { try await call.value }
            #expect(error?.code == .unavailable)
            #expect(error?.message == "server is shutting down")
            let refused = await #expect(throws: EngineError.self) { try await echo.client() }
            #expect(refused?.code == .notFound)
        }
    }

    @Test("an answer over 4 MiB is an error of that call alone")
    func bigAnswer() async throws {
        try await EchoServer.with { echo in
            let client = try await echo.client()
            let fits = try await client.call(
                EchoServer.service, "Big", Number.with { $0.value = (4 << 20) - 100 }, returning: Text.self,
                timeout: nil)
            #expect(fits.value.utf8.count == (4 << 20) - 100)
            let error = await #expect(throws: EngineError.self) {
                try await client.call(
                    EchoServer.service, "Big", Number.with { $0.value = 4 << 20 }, returning: Text.self, timeout: nil)
            }
            #expect(error?.code == .resourceExhausted)
            let answer = try await client.call(
                EchoServer.service, "Echo", Text(), returning: Text.self, timeout: nil)
            #expect(answer == Text())
            await client.close()
        }
    }

    @Test("a request over 4 MiB is refused before it is sent")
    func bigRequest() async throws {
        try await EchoServer.with { echo in
            let client = try await echo.client()
            let error = await #expect(throws: EngineError.self) {
                try await client.call(
                    EchoServer.service, "Echo", Text.with { $0.value = String(repeating: "x", count: 4 << 20) },
                    returning: Text.self, timeout: nil)
            }
            #expect(error?.code == .resourceExhausted)
            await client.close()
        }
    }

    @Test("whom the server does not admit is disconnected without a frame")
    func admission() async throws {
        try await EchoServer.with(admit: { _ in false }) { echo in
            let frame = try await echo.raw { client in
                try client.request(1, "Echo", Text())
                return try client.receive()
            }
            #expect(frame == nil)
        }
    }

    @Test("a missing and a dead socket are told apart")
    func connectFailures() async throws {
        try await EchoServer.with { echo in
            await echo.server.shutdown()
            let missing = await #expect(throws: EngineError.self) { try await echo.client() }
            #expect(missing?.code == .notFound)
            // Bound, and nobody listens.
            let socket = try UnixSocket.bind(at: echo.path, mode: 0o600)
            let dead = await #expect(throws: EngineError.self) { try await echo.client() }
            #expect(dead?.code == .unavailable)
            _ = consume socket
            unlink(echo.path)
        }
    }

    @Test("a live socket is not taken over, a dead one is replaced")
    func takeover() async throws {
        try await EchoServer.with { echo in
            let error = #expect(throws: EngineError.self) { try UnixSocket.bind(at: echo.path, mode: 0o600).release() }
            #expect(error?.code == .alreadyExists)
        }
    }
}
