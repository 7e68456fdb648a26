import SwctrCore

/// The records of a PAX extended header, `LENGTH KEY=VALUE\n` each (POSIX pax). Values are bytes.
struct PAXRecords {
    var path: [UInt8]?
    var link: [UInt8]?
    var size: Int64?
    var uid: Int64?
    var gid: Int64?
    var modified: TarEntry.Time?
    var attributes: [TarEntry.Attribute] = []
    var sparse = Sparse()

    /// GNU's ways to write a sparse file.
    struct Sparse {
        var major: Int64?
        var minor: Int64?
        var name: [UInt8]?
        var realSize: Int64?
        /// Version 0.1: "offset,length,offset,length…".
        var map: [TarEntry.Extent]?
    }

    /// Most extended attributes that one entry may have.
    static let maximumAttributes = 1024

    mutating func parse(_ bytes: [UInt8]) throws(EngineError) {
        var rest = bytes[...]
        while let space = rest.firstIndex(of: UInt8(ascii: " ")) {
            guard let length = Self.integer(rest[rest.startIndex..<space]), length > 0, length <= rest.count,
                rest.index(rest.startIndex, offsetBy: Int(length)) > space + 1
            else { throw TarHeader.damaged("an extended header's record has a wrong length") }
            let end = rest.index(rest.startIndex, offsetBy: Int(length))
            let record = rest[(space + 1)..<(end - 1)]
            guard rest[end - 1] == UInt8(ascii: "\n"), let equals = record.firstIndex(of: UInt8(ascii: "=")) else {
                throw TarHeader.damaged("an extended header's record is malformed")
            }
            try set(String(decoding: record[..<equals], as: UTF8.self), record[..<equals], record[(equals + 1)...])
            rest = rest[end...]
        }
        if rest.contains(where: { $0 != 0 }) { throw TarHeader.damaged("an extended header is cut short") }
    }

    private mutating func set(
        _ key: String, _ rawKey: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>
    ) throws(EngineError) {
        switch key {
        case "path": path = Array(value)
        case "linkpath": link = Array(value)
        case "size": size = try number(value, key)
        case "uid": uid = try number(value, key)
        case "gid": gid = try number(value, key)
        case "mtime": modified = try time(value)
        case "GNU.sparse.major": sparse.major = try number(value, key)
        case "GNU.sparse.minor": sparse.minor = try number(value, key)
        case "GNU.sparse.name": sparse.name = Array(value)
        case "GNU.sparse.realsize", "GNU.sparse.size": sparse.realSize = try number(value, key)
        case "GNU.sparse.map": sparse.map = try extents(value)
        default:
            let prefix = "SCHILY.xattr."
            if !key.hasPrefix(prefix) { return }
            let name = Array(rawKey.dropFirst(prefix.utf8.count))
            if name.isEmpty || name.count > 255 || name.contains(0) || value.count > 65536 {
                throw TarHeader.damaged("an extended attribute that no Linux file can have")
            }
            attributes.removeAll { $0.name == name }
            if attributes.count >= Self.maximumAttributes { throw TarHeader.damaged("too many extended attributes") }
            attributes.append(TarEntry.Attribute(name: name, value: Array(value)))
        }
    }

    private func number(_ text: ArraySlice<UInt8>, _ key: String) throws(EngineError) -> Int64 {
        guard let value = Self.integer(text), value >= 0 else {
            throw TarHeader.damaged("\(key) is no number")
        }
        return value
    }

    /// "1600000000.123456789"; digits beyond nanoseconds are dropped.
    private func time(_ text: ArraySlice<UInt8>) throws(EngineError) -> TarEntry.Time {
        let parts = text.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard let seconds = parts.first.flatMap(Self.integer) else { throw TarHeader.damaged("mtime is no number") }
        var time = TarEntry.Time(seconds: seconds)
        if parts.count == 2, !parts[1].isEmpty {
            var digits = Array(parts[1].prefix(9))
            digits += [UInt8](repeating: UInt8(ascii: "0"), count: 9 - digits.count)
            guard let fraction = Self.integer(digits[...]), fraction >= 0 else {
                throw TarHeader.damaged("mtime is no number")
            }
            time.nanoseconds = fraction
            if text.first == UInt8(ascii: "-"), fraction > 0 {
                time.seconds -= 1
                time.nanoseconds = 1_000_000_000 - fraction
            }
        }
        return time
    }

    private func extents(_ text: ArraySlice<UInt8>) throws(EngineError) -> [TarEntry.Extent] {
        var numbers: [Int64] = []
        for part in text.split(separator: UInt8(ascii: ",")) { numbers.append(try number(part, "GNU.sparse.map")) }
        if numbers.count % 2 != 0 { throw TarHeader.damaged("GNU.sparse.map is cut short") }
        return stride(from: 0, to: numbers.count, by: 2).map {
            TarEntry.Extent(offset: numbers[$0], length: numbers[$0 + 1])
        }
    }

    /// A decimal integer of at most 18 digits.
    static func integer(_ text: ArraySlice<UInt8>) -> Int64? {
        var digits = text
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative { digits = digits.dropFirst() }
        guard (1...18).contains(digits.count) else { return nil }
        var value: Int64 = 0
        for byte in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = value * 10 + Int64(byte - UInt8(ascii: "0"))
        }
        return isNegative ? -value : value
    }
}
