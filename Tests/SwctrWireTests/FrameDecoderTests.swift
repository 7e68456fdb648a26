import SwctrWire
import Testing

@Suite("Frame decoder")
struct FrameDecoderTests {
    static let frames: [Frame] = [
        Frame(streamID: 1, kind: .request, body: [1, 2, 3]),
        Frame(streamID: 1, kind: .response),
        Frame(streamID: 3, kind: .data, flags: .endOfStream),
        Frame(streamID: 5, kind: .data, body: [UInt8](repeating: 7, count: 4096)),
        Frame(streamID: 7, kind: FrameKind(rawValue: 9), flags: [.remoteOpen], body: [0]),
    ]

    func decode(_ bytes: [UInt8], cutAt cuts: [Int]) -> ([FrameDecoder.Event], FrameDecoder) {
        var decoder = FrameDecoder()
        var events: [FrameDecoder.Event] = []
        var start = 0
        for end in cuts + [bytes.count] {
            var rest = bytes[start..<end]
            while let event = decoder.next(from: &rest) { events.append(event) }
            #expect(rest.isEmpty)
            start = end
        }
        return (events, decoder)
    }

    @Test("one cut anywhere changes nothing")
    func everyCut() {
        let bytes = Self.frames.flatMap(\.encoded)
        for cut in 0...bytes.count {
            let (events, decoder) = decode(bytes, cutAt: [cut])
            #expect(events == Self.frames.map { .frame($0) })
            #expect(!decoder.isMidFrame)
        }
    }

    @Test("many cuts change nothing")
    func manyCuts() {
        let bytes = Self.frames.flatMap(\.encoded)
        for seed in 0..<200 as Range<UInt64> {
            var random = SplitMix(seed: seed)
            let cuts = (0..<Int.random(in: 0...60, using: &random)).map { _ in
                Int.random(in: 0...bytes.count, using: &random)
            }
            let (events, _) = decode(bytes, cutAt: cuts.sorted())
            #expect(events == Self.frames.map { .frame($0) }, "seed \(seed)")
        }
    }

    @Test("a byte at a time is enough")
    func byteByByte() {
        let bytes = Self.frames.flatMap(\.encoded)
        let (events, _) = decode(bytes, cutAt: Array(0..<bytes.count))
        #expect(events == Self.frames.map { .frame($0) })
    }

    @Test("an oversized frame is reported once, skipped, and the next one is read")
    func oversized() {
        let header = FrameHeader(length: 4_194_305, streamID: 9, kind: .request)
        var bytes: [UInt8] = []
        header.encode(into: &bytes)
        bytes += [UInt8](repeating: 0, count: 4_194_305)
        bytes += Self.frames[0].encoded
        let (events, _) = decode(bytes, cutAt: [5, 11, 100_000])
        #expect(events == [.oversized(header), .frame(Self.frames[0])])
    }

    @Test("a frame that is cut off is noticed", arguments: 1..<13)
    func truncated(count: Int) {
        let (events, decoder) = decode(Array(Self.frames[0].encoded.prefix(count)), cutAt: [])
        #expect(events.isEmpty)
        #expect(decoder.isMidFrame)
    }

    @Test("any bytes at all end in events, never in a trap")
    func noise() {
        for seed in 0..<500 as Range<UInt64> {
            var random = SplitMix(seed: seed)
            var bytes = (0..<400).map { _ in UInt8.random(in: 0...255, using: &random) }
            // Small lengths, so that headers follow each other.
            for index in stride(from: 0, to: 400, by: 16) { bytes.replaceSubrange(index..<index + 3, with: [0, 0, 0]) }
            let whole = decode(bytes, cutAt: []).0
            let cut = decode(bytes, cutAt: [Int.random(in: 0...400, using: &random)]).0
            #expect(whole == cut, "seed \(seed)")
        }
    }
}

/// A seeded generator, so that a failure can be repeated (Steele, Lea, Flood: splitmix64).
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
