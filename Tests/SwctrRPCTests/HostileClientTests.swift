import SwctrCore
import SwctrProto
import SwctrRPC
import SwctrWire
import SwiftProtobuf
import Synchronization
import Testing

@Suite("Hostile clients")
struct HostileClientTests {
    typealias Text = Google_Protobuf_StringValue

    /// Frames of every sort, right ones and wrong ones, each with some bytes changed.
    struct Mutator {
        var random: SplitMix

        mutating func frame(id: UInt32) throws -> [UInt8] {
            let methods = ["Echo", "Empty", "Fail", "Count", "Sum", "Refuse", "Nope"]
            let kinds: [FrameKind] = [.request, .request, .request, .data, .response]
            let kind = kinds[Int.random(in: 0..<kinds.count, using: &random)]
            var body: [UInt8] = []
            if kind == .request {
                let method = methods[Int.random(in: 0..<methods.count, using: &random)]
                let text = Text.with {
                    $0.value = String(repeating: "m", count: Int.random(in: 0...40, using: &random))
                }
                var envelope = try Ttrpc_Request(
                    service: EchoServer.service, method: method, message: text,
                    metadata: [Metadata.namespaceKey: "default"])
                envelope.timeoutNano = Int64.random(in: -10...5_000_000_000, using: &random)
                body = try envelope.serializedBytes()
            }
            let flags = FrameFlags(rawValue: UInt8.random(in: 0...7, using: &random))
            var bytes = Frame(streamID: id, kind: kind, flags: flags, body: body).encoded
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                case 2 where bytes.count > 1: bytes.remove(at: index)
                default: bytes.insert(UInt8.random(in: 0...255, using: &random), at: index)
                }
            }
            return bytes
        }
    }

    @Test("ten thousand mutated frames leave the server answering others")
    func mutatedFrames() async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed of the mutated frames: \(seed)")
        try await EchoServer.with { echo in
            let other = try await echo.client()
            let isOver = Atomic(false)
            async let attack: Void = {
                defer { isOver.store(true, ordering: .releasing) }
                var mutator = Mutator(random: SplitMix(seed: seed))
                var sent = 0
                while sent < 10_000 {
                    var batch: [UInt8] = []
                    for id in 0..<100 as Range<UInt32> { batch += try mutator.frame(id: id * 2 + 1) }
                    sent += 100
                    let bytes = batch
                    // One connection a batch: a length that was raised swallows what follows on its connection.
                    try await echo.raw { client in
                        client.send(bytes)
                        client.closeSending()
                        while try client.receive() != nil {}
                    }
                }
            }()
            var answers = 0
            while !isOver.load(ordering: .acquiring) {
                let answer = try await other.call(
                    EchoServer.service, "Echo", Text.with { $0.value = "\(answers)" }, returning: Text.self,
                    timeout: .seconds(90))
                #expect(answer.value == "\(answers)")
                answers += 1
            }
            try await attack
            #expect(answers > 0)
            await other.close()
        }
    }

    @Test("clients that leave frames unfinished are disconnected, and hold nobody up", arguments: [1, 9, 10, 11, 40])
    func slowLoris(count: Int) async throws {
        var limits = ServerLimits()
        limits.frameTimeout = .milliseconds(200)
        try await EchoServer.with(limits: limits) { echo in
            let loris = Task {
                try await echo.raw { client in
                    let frame = Frame(streamID: 1, kind: .request, body: [UInt8](repeating: 0, count: 100)).encoded
                    for byte in frame.prefix(count) { client.send([byte]) }
                    return try client.receive()
                }
            }
            let client = try await echo.client()
            for _ in 0..<20 {
                _ = try await client.call(
                    EchoServer.service, "Echo", Text(), returning: Text.self, timeout: .seconds(90))
            }
            #expect(try await loris.value == nil)
            await client.close()
        }
    }

    @Test("a client that drips forever is disconnected too")
    func dripping() async throws {
        var limits = ServerLimits()
        limits.frameTimeout = .milliseconds(200)
        try await EchoServer.with(limits: limits) { echo in
            let isClosed = try await echo.raw { client in
                var bytes: [UInt8] = []
                FrameHeader(length: 4 << 20, streamID: 1, kind: .request).encode(into: &bytes)
                client.send(bytes)
                for _ in 0..<1000 {
                    if !client.send([0]) { return true }
                    client.pause(milliseconds: 10)
                }
                return false
            }
            #expect(isClosed)
        }
    }

    @Test("an announced length takes no memory")
    func announcedLength() async throws {
        try await EchoServer.with { echo in
            try await echo.raw { client in
                var others: [RawClient] = []
                var header: [UInt8] = []
                FrameHeader(length: 4 << 20, streamID: 1, kind: .request).encode(into: &header)
                let before = residentPages()
                for _ in 0..<200 {
                    let other = try RawClient(echo.path)
                    other.send(header)
                    others.append(other)
                }
                try client.request(1, "Empty", Google_Protobuf_Empty())
                #expect(try client.receive()?.body == [])
                // 200 × 4 MiB would be 204,800 pages.
                #expect(residentPages() - before < 20_000)
            }
        }
    }
}
