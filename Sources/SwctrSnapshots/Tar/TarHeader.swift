import SwctrCore

/// One 512-byte header block: ustar, GNU, or the bare form of Unix Version 7 (tar(5) describes all of them).
struct TarHeader {
    static let blockSize = 512

    var name: [UInt8]
    var link: [UInt8]
    var type: UInt8
    var size: Int64
    var mode: UInt32
    var uid: Int64
    var gid: Int64
    var modified: Int64
    var major: Int64
    var minor: Int64

    /// Nil for a block of zeros, which ends the archive.
    ///
    /// - Throws: `.invalidArgument` for a wrong checksum or a field that is no number.
    init?(_ block: [UInt8]) throws(EngineError) {
        if block.allSatisfy({ $0 == 0 }) { return nil }
        try Self.check(block)
        name = Self.text(block[0..<100])
        mode = UInt32(truncatingIfNeeded: try Self.number(block[100..<108], "mode") & 0o7777)
        uid = try Self.number(block[108..<116], "uid")
        gid = try Self.number(block[116..<124], "gid")
        size = try Self.number(block[124..<136], "size")
        modified = try Self.number(block[136..<148], "time")
        type = block[156]
        link = Self.text(block[157..<257])
        (major, minor) = (0, 0)
        let isUstar = block[257..<263].elementsEqual("ustar\0".utf8)
        if isUstar || block[257..<265].elementsEqual("ustar  \0".utf8) {
            if type == UInt8(ascii: "3") || type == UInt8(ascii: "4") {
                major = try Self.number(block[329..<337], "device")
                minor = try Self.number(block[337..<345], "device")
            }
            // GNU keeps times where ustar keeps the rest of a long name.
            let prefix = isUstar ? Self.text(block[345..<500]) : []
            if !prefix.isEmpty { name = prefix + [UInt8(ascii: "/")] + name }
        }
        if size < 0 { throw Self.damaged("a negative size") }
    }

    static func damaged(_ what: String) -> EngineError {
        EngineError(.invalidArgument, operation: "read tar", message: "the archive is damaged: \(what)")
    }

    private static func check(_ block: [UInt8]) throws(EngineError) {
        let stored = try number(block[148..<156], "checksum")
        var unsigned: Int64 = 0
        var signed: Int64 = 0
        for index in block.indices {
            let byte = (148..<156).contains(index) ? UInt8(ascii: " ") : block[index]
            unsigned += Int64(byte)
            // Some old programs summed signed bytes.
            signed += Int64(Int8(bitPattern: byte))
        }
        if stored != unsigned && stored != signed { throw damaged("a header's checksum is wrong") }
    }

    private static func text(_ field: ArraySlice<UInt8>) -> [UInt8] { Array(field.prefix { $0 != 0 }) }

    /// Octal digits between blanks, or a two's-complement number when the first bit is set.
    static func number(_ field: ArraySlice<UInt8>, _ what: String) throws(EngineError) -> Int64 {
        guard let first = field.first else { return 0 }
        if first & 0x80 != 0 {
            // 0xff… is negative, 0x80… positive; all bits above 63 must agree.
            let isNegative = first & 0x40 != 0
            var value: Int64 = isNegative ? -1 : 0
            for (index, byte) in field.enumerated() {
                let bits = index == 0 ? (isNegative ? byte : byte & 0x7f) : byte
                guard value >= -(1 << 54), value < 1 << 54 else { throw damaged("the \(what) is out of range") }
                value = value << 8 | Int64(bits)
            }
            return value
        }
        let blank: (UInt8) -> Bool = { $0 == 0 || $0 == UInt8(ascii: " ") }
        var value: Int64 = 0
        let digits = field.drop(while: blank).prefix { !blank($0) }
        for byte in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(byte), value < 1 << 59 else {
                throw damaged("the \(what) is no number")
            }
            value = value << 3 | Int64(byte - UInt8(ascii: "0"))
        }
        return value
    }
}
