/// The input is not JSON, ends too early or nests too deeply; `at` is the byte position.
struct JSONError: Error, Equatable {
    var at: Int
}

/// A forward-only reader of JSON that builds no tree: the caller walks the keys it wants and skips the rest.
///
/// ```swift
/// try scanner.enterObject()
/// while let key = try scanner.nextKey() {
///     if key == "root" { path = try scanner.string() } else { try scanner.skipValue() }
/// }
/// ```
struct JSONScanner {
    static let maximumDepth = 128

    private let bytes: [UInt8]
    private(set) var position: Int
    /// One entry per open object or array: whether a first member has been read.
    private var hasMember: [Bool] = []

    init(_ text: Text, from start: Int = 0) {
        bytes = text.bytes
        position = start
    }

    /// True when nothing but blanks is left.
    mutating func atEnd() -> Bool {
        skipBlanks()
        return position >= bytes.count
    }

    /// The first byte of the value that comes next; nil at the end.
    mutating func peek() -> UInt8? {
        skipBlanks()
        return position < bytes.count ? bytes[position] : nil
    }

    mutating func enterObject() throws(JSONError) {
        try enter(0x7b)
    }

    mutating func enterArray() throws(JSONError) {
        try enter(0x5b)
    }

    /// The next key of the object that was entered last, positioned on its value; nil after the closing brace.
    mutating func nextKey() throws(JSONError) -> Text? {
        guard try advance(closing: 0x7d) else { return nil }
        let key = try string()
        guard peek() == 0x3a else { throw JSONError(at: position) }
        position += 1
        return key
    }

    /// True if the array that was entered last has another element, which is next; false after the closing bracket.
    mutating func nextElement() throws(JSONError) -> Bool {
        try advance(closing: 0x5d)
    }

    mutating func boolean() throws(JSONError) -> Bool {
        switch peek() {
        case 0x74:
            try word("true")
            return true
        default:
            try word("false")
            return false
        }
    }

    /// A whole number that fits; fractions and exponents are errors.
    mutating func integer() throws(JSONError) -> Int {
        _ = peek()
        let start = position
        while position < bytes.count, Self.isNumberByte(bytes[position]) { position += 1 }
        guard let value = Text(bytes[start..<position]).decimal else { throw JSONError(at: start) }
        return value
    }

    mutating func string() throws(JSONError) -> Text {
        guard peek() == 0x22 else { throw JSONError(at: position) }
        position += 1
        var result: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case 0x22: return Text(bytes: result)
            case 0x5c: try escape(into: &result)
            case 0..<0x20: throw JSONError(at: position - 1)
            default: result.append(byte)
            }
        }
        throw JSONError(at: position)
    }

    /// Passes over one value of any kind, without recursion.
    mutating func skipValue() throws(JSONError) {
        var depth = 0
        repeat {
            guard let byte = peek() else { throw JSONError(at: position) }
            switch byte {
            case 0x7b, 0x5b:
                depth += 1
                position += 1
                guard depth <= Self.maximumDepth else { throw JSONError(at: position) }
            case 0x7d, 0x5d:
                depth -= 1
                position += 1
                guard depth >= 0 else { throw JSONError(at: position) }
            case 0x2c where depth > 0, 0x3a where depth > 0:
                position += 1
                continue
            case 0x22:
                _ = try string()
            case 0x74: try word("true")
            case 0x66: try word("false")
            case 0x6e: try word("null")
            default:
                guard Self.isNumberByte(byte) else { throw JSONError(at: position) }
                while position < bytes.count, Self.isNumberByte(bytes[position]) { position += 1 }
            }
        } while depth > 0
    }

    private mutating func enter(_ opening: UInt8) throws(JSONError) {
        guard peek() == opening, hasMember.count < Self.maximumDepth else { throw JSONError(at: position) }
        position += 1
        hasMember.append(false)
    }

    private mutating func advance(closing: UInt8) throws(JSONError) -> Bool {
        guard let started = hasMember.last, let byte = peek() else { throw JSONError(at: position) }
        if byte == closing {
            position += 1
            hasMember.removeLast()
            return false
        }
        if started {
            guard byte == 0x2c else { throw JSONError(at: position) }
            position += 1
            _ = peek()
        }
        hasMember[hasMember.count - 1] = true
        return true
    }

    private mutating func skipBlanks() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0a, 0x0d: position += 1
            default: return
            }
        }
    }

    private mutating func word(_ expected: Text) throws(JSONError) {
        guard bytes[position...].starts(with: expected.bytes) else { throw JSONError(at: position) }
        position += expected.count
    }

    private mutating func escape(into result: inout [UInt8]) throws(JSONError) {
        guard position < bytes.count else { throw JSONError(at: position) }
        let byte = bytes[position]
        position += 1
        switch byte {
        case 0x22, 0x5c, 0x2f: result.append(byte)
        case 0x62: result.append(0x08)
        case 0x66: result.append(0x0c)
        case 0x6e: result.append(0x0a)
        case 0x72: result.append(0x0d)
        case 0x74: result.append(0x09)
        case 0x75:
            var scalar = try hex()
            if scalar >= 0xd800, scalar < 0xdc00, bytes[position...].starts(with: [0x5c, 0x75]) {
                position += 2
                let low = try hex()
                scalar = low >= 0xdc00 && low < 0xe000 ? 0x10000 + (scalar - 0xd800) << 10 + (low - 0xdc00) : 0xfffd
            }
            Self.appendUTF8(Unicode.Scalar(scalar) == nil ? 0xfffd : scalar, to: &result)
        default: throw JSONError(at: position - 1)
        }
    }

    private mutating func hex() throws(JSONError) -> UInt32 {
        guard position + 4 <= bytes.count else { throw JSONError(at: position) }
        var value: UInt32 = 0
        for _ in 0..<4 {
            let byte = bytes[position]
            position += 1
            switch byte {
            case 0x30...0x39: value = value << 4 | UInt32(byte - 0x30)
            case 0x41...0x46: value = value << 4 | UInt32(byte - 0x41 + 10)
            case 0x61...0x66: value = value << 4 | UInt32(byte - 0x61 + 10)
            default: throw JSONError(at: position - 1)
            }
        }
        return value
    }

    private static func appendUTF8(_ scalar: UInt32, to result: inout [UInt8]) {
        switch scalar {
        case 0..<0x80:
            result.append(UInt8(scalar))
        case 0x80..<0x800:
            result += [UInt8(0xc0 | scalar >> 6), UInt8(0x80 | scalar & 0x3f)]
        case 0x800..<0x10000:
            result += [UInt8(0xe0 | scalar >> 12), UInt8(0x80 | scalar >> 6 & 0x3f), UInt8(0x80 | scalar & 0x3f)]
        default:
            result += [
                UInt8(0xf0 | scalar >> 18), UInt8(0x80 | scalar >> 12 & 0x3f), UInt8(0x80 | scalar >> 6 & 0x3f),
                UInt8(0x80 | scalar & 0x3f),
            ]
        }
    }

    private static func isNumberByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x2d, 0x2b, 0x2e, 0x65, 0x45: true
        default: false
        }
    }
}

extension Text {
    /// The text as a JSON string, quotes included.
    var jsonQuoted: Text {
        var result: [UInt8] = [0x22]
        for byte in bytes {
            switch byte {
            case 0x22, 0x5c: result += [0x5c, byte]
            case 0..<0x20:
                let digits: [UInt8] = Array(Text("0123456789abcdef").bytes)
                result += Text("\\u00").bytes + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: result.append(byte)
            }
        }
        result.append(0x22)
        return Text(bytes: result)
    }
}
