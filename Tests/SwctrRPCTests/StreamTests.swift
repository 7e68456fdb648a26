import FoundationEssentials
import SwctrCore
import SwctrRPC
import SwctrWire
import SwiftProtobuf
import Testing

@Suite("Streams")
struct StreamTests {
    typealias Number = Google_Protobuf_Int64Value
    typealias Bytes = Google_Protobuf_BytesValue

    @Test("a server's stream arrives whole and in order", arguments: [0, 1, 5000] as [Int64])
    func serverStream(count: Int64) async throws {
        try await EchoServer.with { echo in
            let client = try await echo.client()
            let numbers = try await client.serverStream(
                EchoServer.service, "Count", Number.with { $0.value = count }, returning: Number.self)
            var expected: Int64 = 0
            for try await number in numbers {
                #expect(number.value == expected)
                expected += 1
            }
            #expect(expected == count)
            await client.close()
        }
    }

    @Test("an error ends a stream after its messages")
    func failure() async throws {
        try await EchoServer.with { echo in
            let client = try await echo.client()
            let numbers = try await client.serverStream(
                EchoServer.service, "Count", Number.with { $0.value = 13 }, returning: Number.self)
            let error = await #expect(throws: EngineError.self) { for try await _ in numbers {} }
            #expect(error?.code == .outOfRange)
            await client.close()
        }
    }

    @Test("messages go both ways until the client has no more")
    func duplex() async throws {
        try await EchoServer.with { echo in
            let client = try await echo.client()
            let (requests, responses) = try await client.duplex(
                EchoServer.service, "Sum", sending: Bytes.self, returning: Number.self)
            let message = Bytes.with { $0.value = .init(repeating: 7, count: 100_000) }
            async let sending: Void = {
                for _ in 0..<200 { try await requests.send(message) }
                try await requests.finish()
            }()
            var last: Int64 = 0
            for try await response in responses { last = response.value }
            try await sending
            #expect(last == 20_000_000)
            await client.close()
        }
    }

    @Test("a handler that gives up early does not end the connection")
    func refused() async throws {
        try await EchoServer.with { echo in
            let client = try await echo.client()
            let (requests, responses) = try await client.duplex(
                EchoServer.service, "Refuse", sending: Bytes.self, returning: Number.self)
            let error = await #expect(throws: EngineError.self) { for try await _ in responses {} }
            #expect(error?.code == .invalidArgument)
            let over = await #expect(throws: EngineError.self) { try await requests.send(Bytes()) }
            #expect(over?.code == .cancelled)
            let answer = try await client.call(
                EchoServer.service, "Empty", Google_Protobuf_Empty(), returning: Google_Protobuf_Empty.self,
                timeout: .seconds(90))
            #expect(answer == Google_Protobuf_Empty())
            await client.close()
        }
    }

    @Test("a handler that does not read stops the sender, and a closed connection still cancels it")
    func backPressure() async throws {
        try await EchoServer.with { echo in
            let sent = try await echo.raw { client in
                try client.request(1, "Stall", Bytes(), flags: .remoteOpen)
                let frame = Frame(streamID: 1, kind: .data, body: [UInt8](repeating: 1, count: 60_000)).encoded
                var total = 0
                var idle = 0
                // Until nothing has been taken for a while; the server's limit is 1 MiB.
                while total < 64 << 20, idle < 20 {
                    let count = client.sendWithoutWaiting(Array(frame.dropFirst(total % frame.count)))
                    if count > 0 {
                        total += count
                        idle = 0
                    } else {
                        idle += 1
                        client.pause(milliseconds: 10)
                    }
                }
                return total
            }
            #expect(sent < 8 << 20)
            for await note in echo.seen where note == "cancelled stall" { break }
        }
    }

    @Test("an answer that is not read stops the handler, and holds nobody else up")
    func slowReader() async throws {
        try await EchoServer.with { echo in
            let reading = Task {
                try await echo.raw { client in
                    try client.request(1, "Count", Number.with { $0.value = 20_000 }, flags: .remoteClosed)
                    client.pause(milliseconds: 300)
                    var count = 0
                    while let frame = try client.receive() {
                        if frame.flags == .endOfStream { return count }
                        count += 1
                    }
                    return -1
                }
            }
            let client = try await echo.client()
            let answer = try await client.call(
                EchoServer.service, "Empty", Google_Protobuf_Empty(), returning: Google_Protobuf_Empty.self,
                timeout: .seconds(90))
            #expect(answer == Google_Protobuf_Empty())
            #expect(try await reading.value == 20_000)
            await client.close()
        }
    }
}
