import SwctrWire
import Testing

@Suite("Frame headers")
struct FrameTests {
    @Test("a short header is no header", arguments: 0..<FrameHeader.size)
    func shortHeader(count: Int) {
        #expect(FrameHeader(parsing: [UInt8](repeating: 0, count: count)) == nil)
    }

    @Test("fields sit where the protocol puts them")
    func layout() {
        let header = FrameHeader(
            length: 0x0102_0304, streamID: 0x0506_0708, kind: .data, flags: [.remoteClosed, .noData])
        var bytes: [UInt8] = []
        header.encode(into: &bytes)
        #expect(bytes == [1, 2, 3, 4, 5, 6, 7, 8, 3, 5])
        #expect(FrameHeader(parsing: bytes) == header)
    }

    @Test("unknown kinds and flags survive")
    func unknown() {
        let bytes: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 1, 0xEE, 0xFF]
        var again: [UInt8] = []
        FrameHeader(parsing: bytes)?.encode(into: &again)
        #expect(again == bytes)
    }

    @Test(
        "4 MiB is the most that may follow",
        arguments: [(4_194_304 as UInt32, true), (4_194_305, false), (.max, false), (0, true)])
    func limit(length: UInt32, allowed: Bool) {
        #expect(FrameHeader(length: length, streamID: 1, kind: .request).isWithinLimit == allowed)
    }
}
