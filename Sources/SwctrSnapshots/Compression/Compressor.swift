import CISAL
import CZstd
public import SwctrCore

/// Compresses a layer: the same bytes always become the same bytes.
public struct Compressor: ~Copyable {
    private let gzip: UnsafeMutableRawPointer?
    private let zstd: OpaquePointer?
    private let buffer: UnsafeMutableRawBufferPointer

    /// - Throws: `.resourceExhausted` for want of memory.
    public init(_ format: Decompressor.Format) throws(EngineError) {
        var (made, frame): (UnsafeMutableRawPointer?, OpaquePointer?) = (nil, nil)
        switch format {
        case .none: break
        case .gzip: made = swctr_gzip_new()
        case .zstd: frame = ZSTD_createCStream()
        }
        if format != .none, made == nil, frame == nil {
            throw EngineError(.resourceExhausted, operation: "compress", message: "no memory")
        }
        gzip = made
        zstd = frame
        buffer = .allocate(byteCount: Decompressor.bufferSize, alignment: 64)
    }

    deinit {
        if let gzip { swctr_gzip_free(gzip) }
        if let zstd { ZSTD_freeCStream(zstd) }
        buffer.deallocate()
    }

    /// Takes the next bytes and hands on what comes out.
    public mutating func push(
        _ bytes: UnsafeRawBufferPointer, into sink: (UnsafeRawBufferPointer) throws(EngineError) -> Void
    ) throws(EngineError) {
        if bytes.isEmpty { return }
        if gzip == nil, zstd == nil { return try sink(bytes) }
        try work(bytes, isLast: false, sink)
    }

    /// Ends the stream.
    public mutating func finish(
        into sink: (UnsafeRawBufferPointer) throws(EngineError) -> Void
    ) throws(EngineError) {
        if gzip != nil || zstd != nil { try work(UnsafeRawBufferPointer(start: nil, count: 0), isLast: true, sink) }
    }

    private mutating func work(
        _ bytes: UnsafeRawBufferPointer, isLast: Bool, _ sink: (UnsafeRawBufferPointer) throws(EngineError) -> Void
    ) throws(EngineError) {
        var done = 0
        var isOver = false
        while !isOver {
            let produced: Int
            if let zstd {
                produced = try zstdStep(zstd, bytes, &done, isLast, &isOver)
            } else {
                produced = try gzipStep(bytes, &done, isLast, &isOver)
            }
            if produced > 0 { try sink(UnsafeRawBufferPointer(rebasing: buffer[..<produced])) }
        }
    }

    private func gzipStep(
        _ bytes: UnsafeRawBufferPointer, _ done: inout Int, _ isLast: Bool, _ isOver: inout Bool
    ) throws(EngineError) -> Int {
        guard let gzip else { return 0 }
        var inputLeft = UInt32(min(bytes.count - done, 1 << 30))
        let offered = Int(inputLeft)
        var outputLeft = UInt32(buffer.count)
        var finished: Int32 = 0
        let result = swctr_gzip(
            gzip, bytes.baseAddress?.advanced(by: done).assumingMemoryBound(to: UInt8.self), &inputLeft,
            buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), &outputLeft, isLast ? 1 : 0, &finished)
        if result != COMP_OK {
            throw EngineError(.internal, operation: "compress", message: "ISA-L refuses (\(result))")
        }
        done += offered - Int(inputLeft)
        isOver = isLast ? finished != 0 : done == bytes.count && outputLeft > 0
        return buffer.count - Int(outputLeft)
    }

    private func zstdStep(
        _ stream: OpaquePointer, _ bytes: UnsafeRawBufferPointer, _ done: inout Int, _ isLast: Bool,
        _ isOver: inout Bool
    ) throws(EngineError) -> Int {
        var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: done)
        var output = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
        let left = ZSTD_compressStream2(stream, &output, &input, isLast ? ZSTD_e_end : ZSTD_e_continue)
        if ZSTD_isError(left) != 0 {
            throw EngineError(
                .internal, operation: "compress", message: "zstd: \(String(cString: ZSTD_getErrorName(left)))")
        }
        done = input.pos
        isOver = isLast ? left == 0 : done == bytes.count
        return output.pos
    }
}
