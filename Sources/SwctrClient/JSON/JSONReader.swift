public import SwctrCore

extension JSONValue {
    /// Reads a document of UTF-8 text.
    ///
    /// - Throws: `.invalidArgument` that names the byte where it stops being JSON.
    public init(parsing bytes: [UInt8]) throws(EngineError) {
        var reader = JSONReader(bytes: bytes)
        self = try reader.document()
    }
}

private struct JSONReader {
    let bytes: [UInt8]
    var position = 0

    /// Deeper documents would cost our stack; a spec has seven levels.
    static let maximumDepth = 128

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func document() throws(EngineError) -> JSONValue {
        let value = try value(depth: 0)
        skipSpace()
        if position < bytes.count { throw wrong("unexpected text after the document") }
        return value
    }

    private mutating func value(depth: Int) throws(EngineError) -> JSONValue {
        if depth > Self.maximumDepth { throw wrong("nested too deeply") }
        skipSpace()
        switch peek {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func object(depth: Int) throws(EngineError) -> JSONValue {
        position += 1
        var members: [JSONValue.Member] = []
        skipSpace()
        if take("}") { return .object([]) }
        while true {
            skipSpace()
            guard peek == UInt8(ascii: "\"") else { throw wrong("expected a member's name") }
            let name = try string()
            skipSpace()
            guard take(":") else { throw wrong("expected \":\"") }
            members.append(JSONValue.Member(name, try value(depth: depth + 1)))
            skipSpace()
            if take("}") { return .object(members) }
            guard take(",") else { throw wrong("expected \",\" or \"}\"") }
        }
    }

    private mutating func array(depth: Int) throws(EngineError) -> JSONValue {
        position += 1
        var values: [JSONValue] = []
        skipSpace()
        if take("]") { return .array([]) }
        while true {
            values.append(try value(depth: depth + 1))
            skipSpace()
            if take("]") { return .array(values) }
            guard take(",") else { throw wrong("expected \",\" or \"]\"") }
        }
    }

    private mutating func string() throws(EngineError) -> String {
        position += 1
        var text: [UInt8] = []
        while let byte = peek {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): try escape(into: &text)
            case 0..<0x20: throw wrong("control character in a string")
            default: text.append(byte)
            }
        }
        throw wrong("string without an end")
    }

    private mutating func escape(into text: inout [UInt8]) throws(EngineError) {
        guard let byte = peek else { throw wrong("string without an end") }
        position += 1
        switch byte {
        case UInt8(ascii: "n"): text.append(10)
        case UInt8(ascii: "r"): text.append(13)
        case UInt8(ascii: "t"): text.append(9)
        case UInt8(ascii: "b"): text.append(8)
        case UInt8(ascii: "f"): text.append(12)
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "u"):
            var code = try hexadecimal()
            if (0xd800..<0xdc00).contains(code), peek == UInt8(ascii: "\\"), position + 1 < bytes.count,
                bytes[position + 1] == UInt8(ascii: "u")
            {
                position += 2
                let low = try hexadecimal()
                code = (0xdc00..<0xe000).contains(low) ? 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00) : 0xfffd
            }
            text.append(contentsOf: Array(String(Unicode.Scalar(code) ?? "\u{fffd}").utf8))
        default: throw wrong("unknown escape")
        }
    }

    private mutating func hexadecimal() throws(EngineError) -> UInt32 {
        guard position + 4 <= bytes.count,
            let code = UInt32(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
        else { throw wrong("expected four hex digits") }
        position += 4
        return code
    }

    private mutating func number() throws(EngineError) -> JSONValue {
        let start = position
        while let byte = peek, Self.numberBytes.contains(byte) { position += 1 }
        let spelling = String(decoding: bytes[start..<position], as: UTF8.self)
        guard Double(spelling) != nil else {
            position = start
            throw wrong("expected a value")
        }
        return .number(spelling)
    }

    private static let numberBytes = Set("+-.eE0123456789".utf8)

    private mutating func word(_ word: String, _ value: JSONValue) throws(EngineError) -> JSONValue {
        guard bytes[position...].starts(with: word.utf8) else { throw wrong("expected a value") }
        position += word.utf8.count
        return value
    }

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = peek, byte == 32 || byte == 10 || byte == 13 || byte == 9 { position += 1 }
    }

    private func wrong(_ reason: String) -> EngineError {
        EngineError(.invalidArgument, subject: "JSON", message: "\(reason) at byte \(position)")
    }
}
