import CZstd
import SwctrCore

/// Zstandard with any number of frames. Frames that want more than 128 MiB of window are refused by the library.
struct Unzstd: ~Copyable {
    private let context: OpaquePointer
    private let buffer: UnsafeMutableRawBufferPointer
    private var betweenFrames = true

    init() throws(EngineError) {
        guard let context = ZSTD_createDCtx() else {
            throw EngineError(.resourceExhausted, operation: "decompress", message: "no memory")
        }
        self.context = context
        buffer = .allocate(byteCount: Decompressor.bufferSize, alignment: 64)
    }

    deinit {
        ZSTD_freeDCtx(context)
        buffer.deallocate()
    }

    mutating func push(
        _ bytes: UnsafeRawBufferPointer, into sink: (UnsafeRawBufferPointer) throws(EngineError) -> Void
    ) throws(EngineError) {
        var input = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
        var isFull = false
        while input.pos < input.size || isFull {
            var output = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
            let result = ZSTD_decompressStream(context, &output, &input)
            if ZSTD_isError(result) != 0 {
                throw Decompressor.damaged(
                    "the zstd stream is damaged: " + String(cString: ZSTD_getErrorName(result)).lowercased())
            }
            if output.pos > 0 { try sink(UnsafeRawBufferPointer(rebasing: buffer[..<output.pos])) }
            isFull = output.pos == output.size
            betweenFrames = result == 0
            if isFull && betweenFrames { isFull = false }
        }
    }

    func finish() throws(EngineError) {
        if !betweenFrames { throw Decompressor.damaged("the zstd stream is cut short") }
    }
}
