/// What a frame carries. A struct and not an enum: types that we do not know are skipped, not refused.
public struct FrameKind: Hashable, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Opens a call; the body is a `ttrpc.Request`.
    public static let request = FrameKind(rawValue: 1)
    /// Ends a call; the body is a `ttrpc.Response`, empty for an empty success.
    public static let response = FrameKind(rawValue: 2)
    /// One message of a stream; the body is the message itself.
    public static let data = FrameKind(rawValue: 3)
}

/// The flag byte of a frame. A unary request and every response carry none.
public struct FrameFlags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The sender will send no more messages on this stream.
    public static let remoteClosed = FrameFlags(rawValue: 0x01)
    /// On a request: more messages follow as data frames.
    public static let remoteOpen = FrameFlags(rawValue: 0x02)
    /// On data: there is no message in it, not even an empty one.
    public static let noData = FrameFlags(rawValue: 0x04)
    /// How a stream ends without a last message.
    public static let endOfStream: FrameFlags = [.remoteClosed, .noData]
}

/// The ten bytes before every message: length and stream id, big endian, then kind and flags (ttrpc: PROTOCOL.md).
public struct FrameHeader: Hashable, Sendable {
    /// Bytes of a header.
    public static let size = 10
    /// The most bytes that may follow a header: 4 MiB, fixed by the protocol.
    public static let maximumLength = 4 << 20

    /// Bytes that follow.
    public var length: UInt32
    /// Odd: clients choose them, strictly increasing on the wire.
    public var streamID: UInt32
    public var kind: FrameKind
    public var flags: FrameFlags

    public init(length: UInt32, streamID: UInt32, kind: FrameKind, flags: FrameFlags = []) {
        self.length = length
        self.streamID = streamID
        self.kind = kind
        self.flags = flags
    }

    /// Whether the length is within the protocol's limit.
    public var isWithinLimit: Bool { length <= UInt32(FrameHeader.maximumLength) }

    /// Reads a header from the first ten bytes; nil if there are fewer. Any ten bytes are some header: the length's
    /// limit is the caller's to check, before a byte is allocated.
    public init?(parsing bytes: some Collection<UInt8>) {
        var words: (length: UInt32, streamID: UInt32) = (0, 0)
        var index = bytes.startIndex
        func next() -> UInt8? {
            guard index < bytes.endIndex else { return nil }
            defer { bytes.formIndex(after: &index) }
            return bytes[index]
        }
        for _ in 0..<4 {
            guard let byte = next() else { return nil }
            words.length = words.length << 8 | UInt32(byte)
        }
        for _ in 0..<4 {
            guard let byte = next() else { return nil }
            words.streamID = words.streamID << 8 | UInt32(byte)
        }
        guard let kind = next(), let flags = next() else { return nil }
        self.init(
            length: words.length, streamID: words.streamID, kind: FrameKind(rawValue: kind),
            flags: FrameFlags(rawValue: flags))
    }

    /// Appends the ten bytes.
    public func encode(into bytes: inout [UInt8]) {
        for shift: UInt32 in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: length >> shift)) }
        for shift: UInt32 in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: streamID >> shift)) }
        bytes.append(kind.rawValue)
        bytes.append(flags.rawValue)
    }
}

/// A header and its body.
public struct Frame: Hashable, Sendable {
    public var streamID: UInt32
    public var kind: FrameKind
    public var flags: FrameFlags
    public var body: [UInt8]

    /// - Precondition: `body` holds at most `FrameHeader.maximumLength` bytes; callers check before they build one.
    public init(streamID: UInt32, kind: FrameKind, flags: FrameFlags = [], body: [UInt8] = []) {
        precondition(body.count <= FrameHeader.maximumLength)
        self.streamID = streamID
        self.kind = kind
        self.flags = flags
        self.body = body
    }

    /// The header that goes before the body.
    public var header: FrameHeader {
        FrameHeader(length: UInt32(body.count), streamID: streamID, kind: kind, flags: flags)
    }

    /// Header and body, as they are sent.
    public var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(FrameHeader.size + body.count)
        header.encode(into: &bytes)
        bytes.append(contentsOf: body)
        return bytes
    }
}
