import FoundationEssentials
import SwctrCore
import SwctrProto
import SwctrRPC
import SwctrWire
import SwiftProtobuf
import Testing

/// The table in the shim contract: what a Go server answers.
@Suite("Wrong frames")
struct WrongFrameTests {
    typealias Text = Google_Protobuf_StringValue

    /// Sends `frames`, expects `status` on `id`, and then an ordinary answer on the same connection.
    func expect(
        _ code: ErrorCode, _ message: String, on id: UInt32, then next: UInt32 = 101,
        _ send: @escaping @Sendable (RawClient) throws -> Void
    ) async throws {
        try await EchoServer.with { echo in
            let (status, after) = try await echo.raw { client in
                try send(client)
                let status = try client.status(of: id)
                try client.request(next, "Empty", Google_Protobuf_Empty())
                return (status, try client.receive())
            }
            #expect(status?.code == code)
            #expect(status?.message == message)
            #expect(after == Frame(streamID: next, kind: .response))
        }
    }

    @Test("a length over the limit is answered and skipped")
    func oversized() async throws {
        try await expect(
            .resourceExhausted, "message length 4194305 exceed maximum message size of 4194304", on: 1
        ) { client in
            var bytes: [UInt8] = []
            FrameHeader(length: 4_194_305, streamID: 1, kind: .request).encode(into: &bytes)
            client.send(bytes + [UInt8](repeating: 0, count: 4_194_305))
        }
    }

    @Test("an even id is refused")
    func even() async throws {
        try await expect(.invalidArgument, "StreamID must be odd for client initiated streams", on: 2) { client in
            try client.request(2, "Empty", Google_Protobuf_Empty())
        }
    }

    @Test("an id that does not grow is refused")
    func reused() async throws {
        try await expect(.invalidArgument, "StreamID cannot be re-used and must increment", on: 5) { client in
            try client.request(7, "Empty", Google_Protobuf_Empty())
            #expect(try client.receive() == Frame(streamID: 7, kind: .response))
            try client.request(5, "Empty", Google_Protobuf_Empty())
        }
    }

    @Test("a body that is no request is refused")
    func undecodable() async throws {
        try await EchoServer.with { echo in
            let status = try await echo.raw { client in
                client.send(Frame(streamID: 1, kind: .request, body: [0xFF, 0xFF, 0xFF]))
                return try client.status(of: 1)
            }
            #expect(status?.code == .invalidArgument)
            #expect(status?.message.hasPrefix("unmarshal request error: ") == true)
        }
    }

    @Test("a payload that is not the method's is refused", arguments: ["Echo", "Count"])
    func payload(method: String) async throws {
        try await EchoServer.with { echo in
            let status = try await echo.raw { client in
                var envelope = try Ttrpc_Request(
                    service: EchoServer.service, method: method, message: Google_Protobuf_Empty())
                envelope.payload = Data([0xFF])
                client.send(Frame(streamID: 1, kind: .request, body: try envelope.serializedBytes()))
                return try client.status(of: 1)
            }
            #expect(status?.code == .internal)
            #expect(status?.message.hasPrefix("ttrpc: error unmarshalling payload: ") == true)
        }
    }

    @Test("data on a stream that nobody opened is refused")
    func strayData() async throws {
        try await expect(.invalidArgument, "StreamID is no longer active", on: 9) { client in
            client.send(Frame(streamID: 9, kind: .data, body: [1]))
        }
    }

    @Test("data on a unary call ends that call, and nothing else")
    func dataOnUnary() async throws {
        try await expect(.invalidArgument, "data handling error: ttrpc: stream closed", on: 1) { client in
            try client.request(1, "Wait", Text())
            client.send(Frame(streamID: 1, kind: .data, body: [1]))
        }
    }

    @Test("data after the last data is refused")
    func dataAfterEnd() async throws {
        try await expect(.invalidArgument, "data handling error: ttrpc: stream closed", on: 1) { client in
            try client.request(1, "Stall", Google_Protobuf_BytesValue(), flags: .remoteOpen)
            client.send(Frame(streamID: 1, kind: .data, flags: .endOfStream))
            client.send(Frame(streamID: 1, kind: .data, body: [1]))
        }
    }

    @Test("kinds that nobody knows are skipped", arguments: [0, 2, 4, 255] as [UInt8])
    func unknownKind(kind: UInt8) async throws {
        try await EchoServer.with { echo in
            let frame = try await echo.raw { client in
                client.send(Frame(streamID: 1, kind: FrameKind(rawValue: kind), body: [1, 2, 3]))
                try client.request(1, "Empty", Google_Protobuf_Empty())
                return try client.receive()
            }
            #expect(frame == Frame(streamID: 1, kind: .response))
        }
    }

    @Test("a deadline that has passed is answered as such")
    func passedDeadline() async throws {
        try await expect(.deadlineExceeded, "deadline passed before the call arrived", on: 1) { client in
            var envelope = try Ttrpc_Request(
                service: EchoServer.service, method: "Empty", message: Google_Protobuf_Empty())
            envelope.timeoutNano = -1
            client.send(Frame(streamID: 1, kind: .request, body: try envelope.serializedBytes()))
        }
    }

    @Test("calls over the limit of a connection are refused, and places become free again")
    func tooMany() async throws {
        var limits = ServerLimits()
        limits.callsPerConnection = 2
        try await EchoServer.with(limits: limits) { echo in
            let (status, frame) = try await echo.raw { client in
                for id in [1, 3, 5] as [UInt32] { try client.request(id, "Wait", Text()) }
                let status = try client.status(of: 5)
                client.send(Frame(streamID: 1, kind: .data, body: [1]))
                _ = try client.status(of: 1)
                return (status, try echo.firstAnswer(client))
            }
            #expect(status?.code == .resourceExhausted)
            #expect(frame?.body == [])
        }
    }

    @Test("a connection over the limit is closed, and others stay")
    func tooManyConnections() async throws {
        var limits = ServerLimits()
        limits.connections = 1
        try await EchoServer.with(limits: limits) { echo in
            let client = try await echo.client()
            _ = try await client.call(
                EchoServer.service, "Echo", Text(), returning: Text.self, timeout: .seconds(90))
            let frame = try await echo.raw { client in
                try client.request(1, "Empty", Google_Protobuf_Empty())
                return try client.receive()
            }
            #expect(frame == nil)
            _ = try await client.call(
                EchoServer.service, "Echo", Text(), returning: Text.self, timeout: .seconds(90))
            await client.close()
        }
    }
}

extension EchoServer {
    /// Asks until the server has a place for the call again: a cancelled handler ends a moment after its answer.
    func firstAnswer(_ client: RawClient) throws -> Frame? {
        for id in stride(from: 101, to: 2_000_001, by: 2) as StrideTo<Int> {
            try client.request(UInt32(id), "Empty", Google_Protobuf_Empty())
            let frame = try client.receive()
            if frame?.body.isEmpty ?? true { return frame }
        }
        return nil
    }
}
