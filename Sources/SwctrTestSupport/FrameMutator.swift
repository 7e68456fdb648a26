import SwctrProto
import SwctrWire
import SwiftProtobuf

/// Frames that are almost right. The same seed gives the same frames.
public struct FrameMutator {
    public let seed: UInt64
    private var generator: SplitMix
    private let samples: [Frame]

    /// - Parameter samples: well-formed frames to start from; they must do no harm as they are.
    public init(seed: UInt64, samples: [Frame]) {
        self.seed = seed
        self.samples = samples
        generator = SplitMix(state: seed)
    }

    /// A well-formed request, as a sample.
    public static func sample(
        _ service: String, _ method: String, _ message: some Message, flags: FrameFlags = []
    ) throws -> Frame {
        let request = try Ttrpc_Request(
            service: service, method: method, message: message, timeout: .seconds(5),
            metadata: [Metadata.namespaceKey: "default"])
        return Frame(streamID: 1, kind: .request, flags: flags, body: try request.serializedBytes())
    }

    /// The bytes of the next mutated frame.
    public mutating func next(streamID: UInt32) -> [UInt8] {
        var frame = samples[below(samples.count)]
        frame.streamID = streamID
        var header = frame.header
        var body = frame.body
        for _ in 0...below(3) {
            switch below(10) {
            case 0: flipBits(in: &body)
            case 1: if !body.isEmpty { body[below(body.count)] = UInt8(below(256)) }
            case 2: body.removeLast(below(body.count + 1))
            case 3: body.insert(contentsOf: (0..<below(64)).map { _ in UInt8(below(256)) }, at: below(body.count + 1))
            case 4: header.length = [0, 1, 9, 0xffff, 4 << 20, (4 << 20) + 1, .max][below(7)]
            case 5: header.streamID = [0, 2, 1, .max, UInt32(below(1 << 16))][below(5)]
            case 6:
                header = FrameHeader(
                    length: header.length, streamID: header.streamID, kind: FrameKind(rawValue: UInt8(below(256))),
                    flags: header.flags)
            case 7: header.flags = FrameFlags(rawValue: UInt8(below(256)))
            case 8: header.length = UInt32(body.count)
            default: body = (0..<below(200)).map { _ in UInt8(below(256)) }
            }
        }
        // Mostly the length fits, so that what follows is looked at and not swallowed.
        if below(4) != 0 { header.length = UInt32(body.count) }
        var bytes: [UInt8] = []
        header.encode(into: &bytes)
        return bytes + body
    }

    private mutating func flipBits(in body: inout [UInt8]) {
        guard !body.isEmpty else { return }
        for _ in 0...below(8) { body[below(body.count)] ^= 1 << UInt8(below(8)) }
    }

    private mutating func below(_ bound: Int) -> Int { Int(generator.next() % UInt64(bound)) }
}

/// SplitMix64: small, and the same everywhere.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }
}
