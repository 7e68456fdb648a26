/// Writes tar archives byte by byte, also ones that no decent program would write.
public struct TarBuilder {
    public private(set) var bytes: [UInt8] = []
    public static let time: Int64 = 1_600_000_000

    public init() {}

    /// Any header, followed by `data` padded to blocks.
    public mutating func raw(
        _ name: String, type: Character = "0", mode: UInt32 = 0o644, uid: UInt32 = 0, gid: UInt32 = 0,
        size: Int? = nil, link: String = "", major: Int = 0, minor: Int = 0, time: Int64 = TarBuilder.time,
        data: [UInt8] = []
    ) {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ text: some Sequence<UInt8>, _ offset: Int, _ limit: Int) {
            for (index, byte) in text.prefix(limit).enumerated() { block[offset + index] = byte }
        }
        func octal(_ value: Int, _ offset: Int, _ digits: Int) {
            let text = String(value, radix: 8)
            put((String(repeating: "0", count: max(0, digits - text.count)) + text).utf8, offset, digits)
        }
        put(name.utf8, 0, 100)
        octal(Int(mode), 100, 7)
        octal(Int(uid), 108, 7)
        octal(Int(gid), 116, 7)
        octal(size ?? data.count, 124, 11)
        octal(Int(time), 136, 11)
        block[156] = type.asciiValue ?? 0
        put(link.utf8, 157, 100)
        put("ustar\u{0}00".utf8, 257, 8)
        octal(major, 329, 7)
        octal(minor, 337, 7)
        put("        ".utf8, 148, 8)
        octal(block.reduce(0) { $0 + Int($1) }, 148, 6)
        block[154] = 0
        bytes += block
        bytes += data
        pad()
    }

    public mutating func file(
        _ name: String, _ text: String = "", mode: UInt32 = 0o644, uid: UInt32 = 0, gid: UInt32 = 0
    ) {
        raw(name, mode: mode, uid: uid, gid: gid, data: Array(text.utf8))
    }

    public mutating func directory(_ name: String, mode: UInt32 = 0o755, uid: UInt32 = 0, gid: UInt32 = 0) {
        raw(name, type: "5", mode: mode, uid: uid, gid: gid)
    }

    public mutating func symbolicLink(_ name: String, _ target: String) {
        raw(name, type: "2", mode: 0o777, link: target)
    }
    public mutating func hardLink(_ name: String, _ target: String) { raw(name, type: "1", link: target) }

    /// A PAX extended header for the entry that follows.
    public mutating func pax(_ records: [(String, [UInt8])], type: Character = "x") {
        var data: [UInt8] = []
        for (key, value) in records {
            let body = Array(" \(key)=".utf8) + value + [10]
            var length = body.count + 1
            while String(length).utf8.count + body.count != length { length += 1 }
            data += Array(String(length).utf8) + body
        }
        raw("PaxHeaders.0/x", type: type, data: data)
    }

    /// A GNU long name (`L`) or long link (`K`) for the entry that follows.
    public mutating func gnuLong(_ text: String, type: Character = "L") {
        raw("././@LongLink", type: type, data: Array(text.utf8) + [0])
    }

    public mutating func append(_ more: [UInt8]) { bytes += more }
    public mutating func pad() { bytes += [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512) }

    /// The archive with its end mark.
    public var archive: [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }

    public static func archive(_ fill: (inout TarBuilder) -> Void) -> [UInt8] {
        var builder = TarBuilder()
        fill(&builder)
        return builder.archive
    }
}
