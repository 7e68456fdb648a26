/// A string of bytes: identifiers, paths, messages.
///
/// `String` compares by Unicode equivalence, which would link 70 KB of tables into every shim; what arrives here from
/// the kernel, the wire and files are bytes and are compared as such.
struct Text: Hashable, Sendable {
    var bytes: [UInt8]

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    init(_ bytes: some Sequence<UInt8>) {
        self.bytes = Array(bytes)
    }

    /// Copies a C string; the empty text for a null pointer.
    init(_ pointer: UnsafePointer<CChar>?) {
        guard let pointer else {
            bytes = []
            return
        }
        var length = 0
        while pointer[length] != 0 { length += 1 }
        bytes = UnsafeRawBufferPointer(start: pointer, count: length).map { $0 }
    }

    init(_ pointer: UnsafeMutablePointer<CChar>?) {
        self.init(UnsafePointer(pointer))
    }

    init() {
        bytes = []
    }

    var isEmpty: Bool { bytes.isEmpty }
    var count: Int { bytes.count }

    /// Lends a NUL-terminated copy, for system calls. Bytes after an embedded NUL are not seen by the callee.
    func withCString<R>(_ body: (UnsafePointer<CChar>) -> R) -> R {
        var terminated = bytes
        terminated.append(0)
        return terminated.withUnsafeBytes { buffer in
            // The buffer is never empty, so it has a base address.
            guard let base = buffer.baseAddress else { fatalError("empty buffer") }
            return body(base.assumingMemoryBound(to: CChar.self))
        }
    }

    func hasPrefix(_ prefix: Text) -> Bool {
        bytes.starts(with: prefix.bytes)
    }

    func hasSuffix(_ suffix: Text) -> Bool {
        count >= suffix.count && bytes.suffix(suffix.count).elementsEqual(suffix.bytes)
    }

    /// Position of the first occurrence of `needle` at or after `start`.
    func firstIndex(of needle: Text, from start: Int = 0) -> Int? {
        guard needle.count > 0, start >= 0 else { return start <= count ? start : nil }
        var position = start
        while position + needle.count <= count {
            if bytes[position..<(position + needle.count)].elementsEqual(needle.bytes) { return position }
            position += 1
        }
        return nil
    }

    func contains(_ needle: Text) -> Bool {
        firstIndex(of: needle) != nil
    }

    func lastIndex(of byte: UInt8) -> Int? {
        bytes.lastIndex(of: byte)
    }

    func dropFirst(_ amount: Int) -> Text {
        Text(bytes.dropFirst(amount))
    }

    func prefix(_ amount: Int) -> Text {
        Text(bytes.prefix(amount))
    }

    /// The pieces between `separator`s; empty pieces are kept.
    func split(_ separator: UInt8) -> [Text] {
        bytes.split(separator: separator, omittingEmptySubsequences: false).map { Text($0) }
    }

    /// ASCII letters in lower case, everything else as it is.
    var lowercased: Text {
        Text(bytes: bytes.map { $0 >= 0x41 && $0 <= 0x5a ? $0 | 0x20 : $0 })
    }

    /// Without blanks and line ends at both ends.
    var trimmed: Text {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (byte >= 0x09 && byte <= 0x0d) }
        var slice = bytes[...]
        while let first = slice.first, isBlank(first) { slice.removeFirst() }
        while let last = slice.last, isBlank(last) { slice.removeLast() }
        return Text(slice)
    }

    /// The decimal number that the text spells; nil for anything else and on overflow.
    var decimal: Int? {
        guard !bytes.isEmpty else { return nil }
        var value = 0
        for (position, byte) in bytes.enumerated() {
            if position == 0, byte == 0x2d, count > 1 { continue }
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(Int(byte - 0x30))
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return bytes.first == 0x2d ? -value : value
    }

    /// The path of `name` below this directory.
    func appending(component name: Text) -> Text {
        hasSuffix("/") ? self + name : self + "/" + name
    }

    static func + (left: Text, right: Text) -> Text {
        Text(bytes: left.bytes + right.bytes)
    }

    static func += (left: inout Text, right: Text) {
        left.bytes += right.bytes
    }
}

extension Text: ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
    init(stringLiteral value: StaticString) {
        bytes = value.withUTF8Buffer { Array($0) }
    }

    init(stringInterpolation interpolation: Interpolation) {
        bytes = interpolation.bytes
    }

    /// Collects the pieces of an interpolated literal.
    struct Interpolation: StringInterpolationProtocol {
        var bytes: [UInt8] = []

        init(literalCapacity: Int, interpolationCount: Int) {
            bytes.reserveCapacity(literalCapacity)
        }

        mutating func appendLiteral(_ literal: StaticString) {
            literal.withUTF8Buffer { bytes += $0 }
        }

        mutating func appendInterpolation(_ text: Text) {
            bytes += text.bytes
        }

        mutating func appendInterpolation(_ number: some BinaryInteger) {
            bytes += Text(decimal: number).bytes
        }
    }

    /// A number in decimal digits.
    init(decimal number: some BinaryInteger) {
        var digits: [UInt8] = []
        var magnitude = UInt64(number.magnitude)
        repeat {
            digits.append(UInt8(magnitude % 10) + 0x30)
            magnitude /= 10
        } while magnitude > 0
        if number < 0 { digits.append(0x2d) }
        digits.reverse()
        bytes = digits
    }
}
