public import SwctrCore

/// Writes a tar archive: ustar headers, and PAX records where those cannot say it. The same entries always make the
/// same bytes.
public struct TarWriter {
    private let sink: (UnsafeRawBufferPointer) throws(EngineError) -> Void
    private var pending: Int64 = 0
    private var padding = 0

    /// - Parameter sink: takes the archive's bytes, in order.
    public init(_ sink: @escaping (UnsafeRawBufferPointer) throws(EngineError) -> Void) { self.sink = sink }

    /// Begins an entry; `entry.size` bytes of data follow for a file.
    public mutating func begin(_ entry: TarEntry) throws(EngineError) {
        precondition(pending == 0, "the entry before has all its data")
        let size = entry.kind == .file ? entry.size : 0
        var records: [([UInt8], [UInt8])] = []
        func text(_ key: String, _ value: some Sequence<UInt8>) { records.append((Array(key.utf8), Array(value))) }
        let path = entry.kind == .directory && entry.path.last != UInt8(ascii: "/") ? entry.path + [47] : entry.path
        if path.count > 100 || path.contains(where: { $0 >= 0x80 }) { text("path", path) }
        if entry.link.count > 100 || entry.link.contains(where: { $0 >= 0x80 }) { text("linkpath", entry.link) }
        if size >= 1 << 33 { text("size", "\(size)".utf8) }
        if entry.uid >= 1 << 21 { text("uid", "\(entry.uid)".utf8) }
        if entry.gid >= 1 << 21 { text("gid", "\(entry.gid)".utf8) }
        let time = entry.modified
        if time.nanoseconds != 0 || time.seconds < 0 || time.seconds >= 1 << 33 {
            text("mtime", Self.decimal(time).utf8)
        }
        for attribute in entry.attributes.sorted(by: { $0.name.lexicographicallyPrecedes($1.name) }) {
            records.append((Array("SCHILY.xattr.".utf8) + attribute.name, attribute.value))
        }
        if !records.isEmpty {
            let body = records.sorted { $0.0.lexicographicallyPrecedes($1.0) }.flatMap { Self.record($0.0, $0.1) }
            var extended = TarEntry()
            extended.path = Array("PaxHeaders.0/".utf8) + path.suffix(60)
            extended.mode = 0o644
            try put(Self.header(extended, size: Int64(body.count), type: UInt8(ascii: "x")))
            try put(body + [UInt8](repeating: 0, count: TarDecoder.padding(after: Int64(body.count))))
        }
        var plain = entry
        plain.path = path
        try put(Self.header(plain, size: size, type: Self.type(entry.kind)))
        pending = size
        padding = TarDecoder.padding(after: size)
        if pending == 0 { padding = 0 }
    }

    /// Adds data to the entry that was begun.
    public mutating func append(_ bytes: UnsafeRawBufferPointer) throws(EngineError) {
        precondition(Int64(bytes.count) <= pending, "an entry holds as much as it said")
        if bytes.isEmpty { return }
        try sink(bytes)
        pending -= Int64(bytes.count)
        if pending == 0 { try put([UInt8](repeating: 0, count: padding)) }
    }

    /// A whole file.
    public mutating func file(_ path: String, _ bytes: [UInt8], mode: UInt32 = 0o644) throws(EngineError) {
        var entry = TarEntry()
        entry.path = Array(path.utf8)
        entry.mode = mode
        entry.size = Int64(bytes.count)
        try begin(entry)
        try bytes.withUnsafeBufferPointer { (bytes) throws(EngineError) in try append(UnsafeRawBufferPointer(bytes)) }
    }

    /// Ends the archive.
    public mutating func finish() throws(EngineError) { try put([UInt8](repeating: 0, count: 1024)) }

    private func put(_ bytes: [UInt8]) throws(EngineError) {
        if bytes.isEmpty { return }
        try bytes.withUnsafeBufferPointer { (bytes) throws(EngineError) in try sink(UnsafeRawBufferPointer(bytes)) }
    }

    private static func type(_ kind: TarEntry.Kind) -> UInt8 {
        switch kind {
        case .file: UInt8(ascii: "0")
        case .hardLink: UInt8(ascii: "1")
        case .symbolicLink: UInt8(ascii: "2")
        case .characterDevice: UInt8(ascii: "3")
        case .blockDevice: UInt8(ascii: "4")
        case .directory: UInt8(ascii: "5")
        case .fifo: UInt8(ascii: "6")
        }
    }

    private static func header(_ entry: TarEntry, size: Int64, type: UInt8) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: TarHeader.blockSize)
        func put(_ bytes: some Sequence<UInt8>, _ offset: Int, _ limit: Int) {
            for (index, byte) in bytes.prefix(limit).enumerated() { block[offset + index] = byte }
        }
        /// What does not fit is in a PAX record.
        func octal(_ value: Int64, _ offset: Int, _ digits: Int) {
            let text = String(max(0, value), radix: 8)
            let shown = text.utf8.count > digits ? String(repeating: "7", count: digits) : text
            put((String(repeating: "0", count: digits - shown.utf8.count) + shown).utf8, offset, digits)
        }
        put(entry.path, 0, 100)
        octal(Int64(entry.mode & 0o7777), 100, 7)
        octal(Int64(entry.uid), 108, 7)
        octal(Int64(entry.gid), 116, 7)
        octal(size, 124, 11)
        octal(entry.modified.seconds, 136, 11)
        put(String(repeating: " ", count: 8).utf8, 148, 8)
        block[156] = type
        put(entry.link, 157, 100)
        put("ustar\u{0}00".utf8, 257, 8)
        octal(Int64(entry.major), 329, 7)
        octal(Int64(entry.minor), 337, 7)
        octal(block.reduce(0) { $0 + Int64($1) }, 148, 6)
        block[154] = 0
        return block
    }

    /// `LENGTH KEY=VALUE\n`, the length counting itself.
    private static func record(_ key: [UInt8], _ value: [UInt8]) -> [UInt8] {
        let rest = [UInt8(ascii: " ")] + key + [UInt8(ascii: "=")] + value + [UInt8(ascii: "\n")]
        var length = rest.count + 1
        while String(length).utf8.count + rest.count != length { length = String(length).utf8.count + rest.count }
        return Array("\(length)".utf8) + rest
    }

    private static func decimal(_ time: TarEntry.Time) -> String {
        if time.nanoseconds == 0 { return "\(time.seconds)" }
        var (seconds, nanoseconds) = (time.seconds, time.nanoseconds)
        let isNegative = seconds < 0
        if isNegative {
            // -1 s and 750 ms is -0.25.
            seconds = -seconds - 1
            nanoseconds = 1_000_000_000 - nanoseconds
        }
        var digits = String(nanoseconds)
        digits = String(repeating: "0", count: 9 - digits.utf8.count) + digits
        while digits.hasSuffix("0") { digits.removeLast() }
        return "\(isNegative ? "-" : "")\(seconds).\(digits)"
    }
}
