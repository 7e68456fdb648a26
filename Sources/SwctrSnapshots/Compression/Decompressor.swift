public import SwctrCore

/// Undoes a layer's or an archive's compression, whichever its first bytes say it has. Bytes go in as they come and
/// come out through a closure; nothing is held but one buffer.
public struct Decompressor: ~Copyable {
    public enum Format: String, Sendable {
        case none, gzip, zstd

        /// What the first bytes say; four are enough.
        public init(magic bytes: some Collection<UInt8>) {
            if bytes.starts(with: [0x1f, 0x8b]) {
                self = .gzip
            } else if bytes.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) {
                self = .zstd
            } else {
                self = .none
            }
        }
    }

    private var head: [UInt8] = []
    private var isDetected = false
    private var gunzip: Gunzip?
    private var unzstd: Unzstd?

    public init() {}

    /// Takes the next compressed bytes and hands on what comes out.
    ///
    /// - Throws: `.invalidArgument` for a damaged stream, and what `sink` throws.
    public mutating func push(
        _ bytes: UnsafeRawBufferPointer, into sink: (UnsafeRawBufferPointer) throws(EngineError) -> Void
    ) throws(EngineError) {
        if isDetected { return try pass(bytes, into: sink) }
        head += bytes
        if head.count >= 4 { try detect(into: sink) }
    }

    /// Ends the stream.
    ///
    /// - Throws: `.invalidArgument` where it is cut short.
    public mutating func finish(
        into sink: (UnsafeRawBufferPointer) throws(EngineError) -> Void
    ) throws(EngineError) {
        if !isDetected { try detect(into: sink) }
        if gunzip != nil { try gunzip?.finish() }
        if unzstd != nil { try unzstd?.finish() }
    }

    private mutating func detect(
        into sink: (UnsafeRawBufferPointer) throws(EngineError) -> Void
    ) throws(EngineError) {
        switch Format(magic: head) {
        case .none: break
        case .gzip: gunzip = try Gunzip()
        case .zstd: unzstd = try Unzstd()
        }
        isDetected = true
        let first = head
        head = []
        try first.withUnsafeBufferPointer { (first) throws(EngineError) in
            try pass(UnsafeRawBufferPointer(first), into: sink)
        }
    }

    private mutating func pass(
        _ bytes: UnsafeRawBufferPointer, into sink: (UnsafeRawBufferPointer) throws(EngineError) -> Void
    ) throws(EngineError) {
        if bytes.isEmpty { return }
        if gunzip != nil {
            try gunzip?.push(bytes, into: sink)
        } else if unzstd != nil {
            try unzstd?.push(bytes, into: sink)
        } else {
            try sink(bytes)
        }
    }

    static func damaged(_ what: String) -> EngineError {
        EngineError(.invalidArgument, operation: "decompress", message: what)
    }

    /// Bytes that come out at a time: enough to make calls rare, small enough for the second-level cache.
    static let bufferSize = 256 << 10
}
