/// Writes protobuf fields one by one, for messages that are tables of numbers rather than structures.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    /// A varint field; zero is left out, as proto3 does.
    mutating func number(_ field: Int, _ value: UInt64) {
        guard value != 0 else { return }
        varint(UInt64(field) << 3)
        varint(value)
    }

    mutating func string(_ field: Int, _ value: Text) {
        guard !value.isEmpty else { return }
        block(field, value.bytes)
    }

    /// A nested message, which is written even if it is empty.
    mutating func message(_ field: Int, _ content: ProtobufWriter) {
        block(field, content.bytes)
    }

    mutating func packed(_ field: Int, _ values: [UInt64]) {
        guard !values.isEmpty else { return }
        var content = ProtobufWriter()
        for value in values { content.varint(value) }
        block(field, content.bytes)
    }

    mutating func double(_ field: Int, _ value: Double) {
        guard value != 0 else { return }
        varint(UInt64(field) << 3 | 1)
        for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> UInt64(shift * 8))) }
    }

    private mutating func block(_ field: Int, _ content: [UInt8]) {
        varint(UInt64(field) << 3 | 2)
        varint(UInt64(content.count))
        bytes += content
    }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
