/// Cuts a stream of bytes into frames, however the bytes arrive.
///
/// The decoder holds at most one unfinished frame, and no more of it than has arrived: a header that announces 4 MiB
/// allocates nothing. A header beyond the limit is reported once and its body is skipped, as containerd's server does.
///
/// ```swift
/// var rest = bytes[...]
/// while let event = decoder.next(from: &rest) { … }   // ends when `rest` is used up
/// ```
public struct FrameDecoder: Sendable {
    /// What the bytes amounted to.
    public enum Event: Hashable, Sendable {
        case frame(Frame)
        /// A header whose length is over the limit; its body will be skipped.
        case oversized(FrameHeader)
    }

    private enum Phase: Sendable {
        case header
        case body(FrameHeader)
        case skipping(remaining: Int)
    }

    private var phase = Phase.header
    /// The part of the header or body that has arrived.
    private var partial: [UInt8] = []

    public init() {}

    /// Whether a frame has begun that has not ended: an end of file now cuts it off.
    public var isMidFrame: Bool {
        switch phase {
        case .header: !partial.isEmpty
        case .body, .skipping: true
        }
    }

    /// Takes bytes off the front of `input` up to the end of one frame; nil when `input` is used up before that.
    public mutating func next(from input: inout UnsafeRawBufferPointer) -> Event? {
        while true {
            switch phase {
            case .header:
                take(upTo: FrameHeader.size, from: &input)
                guard let header = FrameHeader(parsing: partial) else { return nil }
                partial.removeAll(keepingCapacity: true)
                guard header.isWithinLimit else {
                    phase = .skipping(remaining: Int(header.length))
                    return .oversized(header)
                }
                phase = .body(header)
            case .body(let header):
                take(upTo: Int(header.length), from: &input)
                guard partial.count == Int(header.length) else { return nil }
                let body = partial
                partial = []
                phase = .header
                return .frame(Frame(streamID: header.streamID, kind: header.kind, flags: header.flags, body: body))
            case .skipping(let remaining):
                let count = min(remaining, input.count)
                input = UnsafeRawBufferPointer(rebasing: input.dropFirst(count))
                if count < remaining {
                    phase = .skipping(remaining: remaining - count)
                    return nil
                }
                phase = .header
            }
        }
    }

    /// The same for bytes in an array.
    public mutating func next(from input: inout ArraySlice<UInt8>) -> Event? {
        var used = 0
        let event = input.withUnsafeBytes { bytes in
            var rest = bytes
            let event = next(from: &rest)
            used = bytes.count - rest.count
            return event
        }
        input = input.dropFirst(used)
        return event
    }

    private mutating func take(upTo wanted: Int, from input: inout UnsafeRawBufferPointer) {
        let count = min(wanted - partial.count, input.count)
        partial.append(contentsOf: input.prefix(count))
        input = UnsafeRawBufferPointer(rebasing: input.dropFirst(count))
    }
}
