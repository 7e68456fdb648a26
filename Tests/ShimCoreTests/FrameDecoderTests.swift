import Testing

@testable import ShimCore

@Suite("Frame decoder")
struct FrameDecoderTests {
    private func frame(_ stream: UInt32, kind: UInt8 = 1, _ body: [UInt8] = []) -> [UInt8] {
        var bytes: [UInt8] = []
        FrameHeader(length: UInt32(body.count), stream: stream, kind: kind).append(to: &bytes)
        return bytes + body
    }

    private func events(_ chunks: [[UInt8]]) -> [FrameEvent] {
        var decoder = FrameDecoder()
        var result: [FrameEvent] = []
        for chunk in chunks {
            chunk.withUnsafeBytes { buffer in decoder.feed(buffer) { result.append($0) } }
        }
        return result
    }

    @Test("a header survives its own encoding")
    func headerRoundTrip() {
        let header = FrameHeader(length: 0x0102_0304, stream: 0xfffe_fdfc, kind: 2, flags: 5)
        var bytes: [UInt8] = []
        header.append(to: &bytes)
        #expect(bytes == [1, 2, 3, 4, 0xff, 0xfe, 0xfd, 0xfc, 2, 5])
        #expect(FrameHeader(bytes) == header)
    }

    @Test("a short header is refused", arguments: 0..<FrameHeader.size)
    func shortHeader(count: Int) {
        #expect(FrameHeader([UInt8](repeating: 0, count: count)) == nil)
    }

    @Test("frames arrive whole however the bytes are cut", arguments: 1...25)
    func anyCut(size: Int) {
        let bytes = frame(1, [7, 8, 9]) + frame(3) + frame(5, [1])
        var chunks: [[UInt8]] = []
        var position = 0
        while position < bytes.count {
            chunks.append(Array(bytes[position..<min(position + size, bytes.count)]))
            position += size
        }
        #expect(
            events(chunks) == [
                .request(stream: 1, body: [7, 8, 9]), .request(stream: 3, body: []), .request(stream: 5, body: [1]),
            ])
    }

    @Test("an over-long frame is refused before its body and passed over")
    func oversize() {
        let length = UInt32(FrameHeader.maximumLength + 1)
        var header: [UInt8] = []
        FrameHeader(length: length, stream: 1, kind: 1).append(to: &header)
        let body = [UInt8](repeating: 0x41, count: 1 << 20)
        let rest = [UInt8](repeating: 0x41, count: Int(length) - 4 * body.count)
        let result = events([header, body, body, body, body, rest + frame(3)])
        #expect(
            result == [
                .refuse(
                    stream: 1,
                    error: RPCError(
                        .resourceExhausted, "message length 4194305 exceed maximum message size of 4194304")),
                .request(stream: 3, body: []),
            ])
    }

    @Test("the longest allowed frame is accepted")
    func longest() {
        let body = [UInt8](repeating: 1, count: FrameHeader.maximumLength)
        #expect(events([frame(1, body)]) == [.request(stream: 1, body: body)])
    }

    @Test("an announced length reserves nothing")
    func slowClient() {
        var decoder = FrameDecoder()
        var header: [UInt8] = []
        FrameHeader(length: UInt32(FrameHeader.maximumLength), stream: 1, kind: 1).append(to: &header)
        header.withUnsafeBytes { buffer in decoder.feed(buffer) { _ in Issue.record("nothing is complete yet") } }
        #expect(!decoder.isBetweenFrames)
    }

    @Test("an even stream id is refused", arguments: [0, 2, 4_294_967_294] as [UInt32])
    func evenStream(stream: UInt32) {
        #expect(
            events([frame(stream)]) == [
                .refuse(
                    stream: stream,
                    error: RPCError(.invalidArgument, "StreamID must be odd for client initiated streams"))
            ])
    }

    @Test("a stream id is used once and they grow")
    func reusedStream() {
        let error = RPCError(.invalidArgument, "StreamID cannot be re-used and must increment")
        #expect(
            events([frame(5) + frame(5) + frame(3) + frame(7)]) == [
                .request(stream: 5, body: []), .refuse(stream: 5, error: error), .refuse(stream: 3, error: error),
                .request(stream: 7, body: []),
            ])
    }

    @Test("data has nowhere to go, answers and unknown kinds are ignored")
    func otherKinds() {
        #expect(
            events([frame(1) + frame(1, kind: 3, [1]) + frame(1, kind: 2) + frame(3, kind: 99)]) == [
                .request(stream: 1, body: []),
                .refuse(stream: 1, error: RPCError(.invalidArgument, "StreamID is no longer active")),
            ])
    }

    @Test("ten thousand mutated streams never trap")
    func mutations() {
        var random = SystemRandomNumberGenerator()
        let valid = frame(1, Array(0..<40)) + frame(3, kind: 3, Array(0..<9)) + frame(5)
        for _ in 0..<10_000 {
            var bytes = valid
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            _ = events([bytes])
        }
    }
}
