import SwctrCore

/// Makes large pieces of small ones.
final class PieceCollector {
    private var bytes: [UInt8] = []
    private let sink: ([UInt8]) throws(EngineError) -> Void
    private static let size = 512 << 10

    init(_ sink: @escaping ([UInt8]) throws(EngineError) -> Void) { self.sink = sink }

    func add(_ more: UnsafeRawBufferPointer) throws(EngineError) {
        bytes += more
        if bytes.count >= Self.size { try flush() }
    }

    func flush() throws(EngineError) {
        if bytes.isEmpty { return }
        let full = bytes
        bytes = []
        try sink(full)
    }
}
