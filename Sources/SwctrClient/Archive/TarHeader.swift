public import SwctrCore

/// Headers of a POSIX ustar archive, for plain files and folders: all that an OCI layout holds.
public enum TarHeader {
    /// Bytes of a header, and what contents are filled up to.
    public static let blockSize = 512

    public enum Kind: UInt8, Sendable {
        case file = 0x30
        case directory = 0x35
    }

    /// One header.
    ///
    /// - Parameters:
    ///   - path: relative; a longer one than 100 bytes is split at a slash, as the format asks for.
    ///   - size: of the contents; above 8 GiB it is written in GNU's binary form, which every reader knows.
    /// - Throws: `.invalidArgument` for a path that does not fit.
    public static func encode(path: String, kind: Kind, size: UInt64, mode: UInt32) throws(EngineError) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: blockSize)
        let (prefix, name) = try split(path)
        put(name, at: 0, in: &block)
        put(octal(UInt64(mode & 0o7777), digits: 7), at: 100, in: &block)
        put(octal(0, digits: 7), at: 108, in: &block)
        put(octal(0, digits: 7), at: 116, in: &block)
        if size < 1 << 33 {
            put(octal(size, digits: 11), at: 124, in: &block)
        } else {
            block[124] = 0x80
            for index in 0..<8 { block[128 + index] = UInt8(truncatingIfNeeded: size >> (8 * UInt64(7 - index))) }
        }
        put(octal(0, digits: 11), at: 136, in: &block)
        block[156] = kind.rawValue
        put(Array("ustar\0".utf8) + Array("00".utf8), at: 257, in: &block)
        put(prefix, at: 345, in: &block)
        // The sum counts its own field as spaces.
        for index in 148..<156 { block[index] = 0x20 }
        let sum = block.reduce(UInt64(0)) { $0 + UInt64($1) }
        put(octal(sum, digits: 6) + [0, 0x20], at: 148, in: &block)
        return block
    }

    /// Zeros that fill contents of `size` bytes up to a block.
    public static func padding(after size: UInt64) -> Int {
        let rest = Int(size % UInt64(blockSize))
        return rest == 0 ? 0 : blockSize - rest
    }

    /// How an archive ends.
    public static var end: [UInt8] { [UInt8](repeating: 0, count: 2 * blockSize) }

    private static func split(_ path: String) throws(EngineError) -> (prefix: [UInt8], name: [UInt8]) {
        let bytes = Array(path.utf8)
        if bytes.count <= 100 { return ([], bytes) }
        for index in bytes.indices.reversed() where bytes[index] == UInt8(ascii: "/") {
            if index <= 155, bytes.count - index - 1 <= 100, index + 1 < bytes.count {
                return (Array(bytes[..<index]), Array(bytes[(index + 1)...]))
            }
        }
        throw EngineError(
            .invalidArgument, subject: "\"\(path)\"",
            message: "the name is too long for an archive (\(bytes.count) bytes)")
    }

    private static func octal(_ value: UInt64, digits: Int) -> [UInt8] {
        let text = String(value, radix: 8)
        return Array((String(repeating: "0", count: max(0, digits - text.utf8.count)) + text).utf8)
    }

    private static func put(_ bytes: [UInt8], at offset: Int, in block: inout [UInt8]) {
        block.replaceSubrange(offset..<offset + bytes.count, with: bytes)
    }
}
