/// What stands behind the scheme of a stream's address: a path and a query, with their escapes resolved.
struct AddressParts {
    var path: Text
    /// Every key with its value, in order; a key without `=` has an empty one.
    var query: [(key: Text, value: Text)] = []

    init(_ text: Text) {
        guard let question = text.firstIndex(of: "?") else {
            path = Self.unescaped(text)
            return
        }
        path = Self.unescaped(text.prefix(question))
        for pair in text.dropFirst(question + 1).split(UInt8(ascii: "&")) where !pair.isEmpty {
            let equals = pair.firstIndex(of: "=")
            query.append(
                (
                    Self.unescaped(equals.map { pair.prefix($0) } ?? pair, plusIsBlank: true),
                    Self.unescaped(equals.map { pair.dropFirst($0 + 1) } ?? "", plusIsBlank: true)
                ))
        }
    }

    /// Percent escapes as bytes; a broken escape stays as it is.
    private static func unescaped(_ text: Text, plusIsBlank: Bool = false) -> Text {
        var result: [UInt8] = []
        var index = 0
        while index < text.count {
            let byte = text.bytes[index]
            if byte == UInt8(ascii: "%"), index + 2 < text.count, let high = hex(text.bytes[index + 1]),
                let low = hex(text.bytes[index + 2])
            {
                result.append(high << 4 | low)
                index += 3
            } else {
                result.append(plusIsBlank && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
                index += 1
            }
        }
        return Text(bytes: result)
    }

    private static func hex(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}
