/// The ten bytes before every ttrpc message (containerd/ttrpc, PROTOCOL.md).
struct FrameHeader: Equatable {
    static let size = 10
    /// Longest data part that either side accepts.
    static let maximumLength = 4 << 20

    enum Kind {
        static let request: UInt8 = 1
        static let response: UInt8 = 2
        static let data: UInt8 = 3
    }

    /// Length of the data part, without the header.
    var length: UInt32
    var stream: UInt32
    /// One of `Kind`, or a number from a newer peer.
    var kind: UInt8
    var flags: UInt8

    init(length: UInt32, stream: UInt32, kind: UInt8, flags: UInt8 = 0) {
        self.length = length
        self.stream = stream
        self.kind = kind
        self.flags = flags
    }

    /// Reads a header from exactly `size` bytes; nil if there are fewer.
    init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count >= Self.size else { return nil }
        var iterator = bytes.makeIterator()
        func next() -> UInt32 { UInt32(iterator.next() ?? 0) }
        length = next() << 24 | next() << 16 | next() << 8 | next()
        stream = next() << 24 | next() << 16 | next() << 8 | next()
        kind = UInt8(next())
        flags = UInt8(next())
    }

    /// Appends the wire form to `buffer`.
    func append(to buffer: inout [UInt8]) {
        for word in [length, stream] {
            buffer.append(UInt8(word >> 24))
            buffer.append(UInt8(word >> 16 & 0xff))
            buffer.append(UInt8(word >> 8 & 0xff))
            buffer.append(UInt8(word & 0xff))
        }
        buffer.append(kind)
        buffer.append(flags)
    }
}
