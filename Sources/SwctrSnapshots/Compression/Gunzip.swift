import CISAL
import SwctrCore

/// gzip with any number of members, by ISA-L; each member's checksum is verified.
struct Gunzip: ~Copyable {
    private let state: UnsafeMutableRawPointer
    private let buffer: UnsafeMutableRawBufferPointer
    /// The member before is complete and the next has not begun.
    private var betweenMembers = false
    /// The first magic byte of a next member, held until the second is here.
    private var held = false
    private var inPadding = false

    init() throws(EngineError) {
        guard let state = swctr_gunzip_new() else {
            throw EngineError(.resourceExhausted, operation: "decompress", message: "no memory")
        }
        self.state = state
        buffer = .allocate(byteCount: Decompressor.bufferSize, alignment: 64)
    }

    deinit {
        free(state)
        buffer.deallocate()
    }

    mutating func push(
        _ bytes: UnsafeRawBufferPointer, into sink: (UnsafeRawBufferPointer) throws(EngineError) -> Void
    ) throws(EngineError) {
        var rest = bytes
        while !rest.isEmpty {
            if inPadding {
                if rest.contains(where: { $0 != 0 }) { throw Decompressor.damaged("garbage follows the gzip stream") }
                return
            }
            if betweenMembers {
                if try !begin(with: rest[rest.startIndex], into: sink) {
                    rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst())
                    continue
                }
            }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(try inflate(rest, into: sink)))
        }
    }

    mutating func finish() throws(EngineError) {
        if held || !(betweenMembers || inPadding) { throw Decompressor.damaged("the gzip stream is cut short") }
    }

    /// Decides what follows a member; true when `byte` belongs to the next one and is to be inflated.
    private mutating func begin(
        with byte: UInt8, into sink: (UnsafeRawBufferPointer) throws(EngineError) -> Void
    ) throws(EngineError) -> Bool {
        if held {
            guard byte == 0x8b else { throw Decompressor.damaged("garbage follows the gzip stream") }
            held = false
            betweenMembers = false
            swctr_gunzip_restart(state)
            let magic: [UInt8] = [0x1f]
            _ = try magic.withUnsafeBufferPointer { (magic) throws(EngineError) in
                try inflate(UnsafeRawBufferPointer(magic), into: sink)
            }
            return true
        }
        switch byte {
        case 0x1f: held = true
        case 0: inPadding = true
        default: throw Decompressor.damaged("garbage follows the gzip stream")
        }
        return false
    }

    /// Answers how many bytes were taken in; fewer than all only where a member ended.
    private mutating func inflate(
        _ bytes: UnsafeRawBufferPointer, into sink: (UnsafeRawBufferPointer) throws(EngineError) -> Void
    ) throws(EngineError) -> Int {
        // One call cannot count more than 32 bits of input.
        let input = UnsafeRawBufferPointer(rebasing: bytes.prefix(1 << 30))
        var done = 0
        while true {
            var inputLeft = UInt32(input.count - done)
            var outputLeft = UInt32(buffer.count)
            var finished: Int32 = 0
            let result = swctr_gunzip(
                state, input.baseAddress?.advanced(by: done).assumingMemoryBound(to: UInt8.self), &inputLeft,
                buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), &outputLeft, &finished)
            if result < 0 {
                throw Decompressor.damaged(
                    result == ISAL_INCORRECT_CHECKSUM ? "the gzip checksum is wrong" : "the gzip stream is damaged")
            }
            if result > 0 && result != ISAL_END_INPUT && result != ISAL_OUT_OVERFLOW {
                throw Decompressor.damaged("the gzip stream is damaged")
            }
            done = input.count - Int(inputLeft)
            let produced = buffer.count - Int(outputLeft)
            if produced > 0 { try sink(UnsafeRawBufferPointer(rebasing: buffer[..<produced])) }
            if finished != 0 {
                betweenMembers = true
                return done
            }
            // Output that did not fit is waiting even when the input is used up.
            if done == input.count && outputLeft > 0 { return done }
        }
    }
}
