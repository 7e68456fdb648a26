public import SwctrCore

/// Takes a tar stream apart as its bytes come, in pieces of any size: ustar, PAX, GNU long names, GNU sparse files of
/// version 0.1 and 1.0, base-256 numbers. Every length is checked before anything is stored.
public struct TarDecoder {
    private enum Phase {
        case header
        /// Collecting an extension header's bytes.
        case extension_(UInt8)
        /// Collecting a sparse file's map, which precedes its data.
        case sparseMap
        case data
        case padding
        case ended
    }

    private var phase = Phase.header
    private var collected: [UInt8] = []
    /// Bytes of the current extension or entry that are still to come, and of its padding.
    private var remaining: Int64 = 0
    private var padding = 0
    private var records = PAXRecords()
    private var defaults = PAXRecords()
    private var longName: [UInt8]?
    private var longLink: [UInt8]?
    private var hasExtension = false
    private var current: TarEntry?
    private var extents: [TarEntry.Extent] = []
    private var extent = 0
    private var doneInExtent: Int64 = 0
    /// Entries so far.
    public private(set) var count = 0

    /// The most bytes that one extension header may hold (Go's limit too).
    static let maximumExtension: Int64 = 1 << 20
    /// The longest path that Linux takes, in bytes.
    static let maximumPath = 4095
    /// The largest file that common file systems hold, in bytes.
    static let maximumSize: Int64 = 1 << 43

    public init() {}

    /// Takes the next bytes.
    ///
    /// - Throws: `.invalidArgument` that says how the archive is damaged, and what the handler throws.
    public mutating func push(_ bytes: UnsafeRawBufferPointer, to handler: some TarHandler) throws(EngineError) {
        var rest = bytes
        while !rest.isEmpty {
            let used: Int
            switch phase {
            case .header:
                used = collect(rest, upTo: TarHeader.blockSize)
                if collected.count == TarHeader.blockSize { try header(handler) }
            case .extension_(let type):
                used = Int(min(Int64(rest.count), remaining))
                collected += rest.prefix(used)
                remaining -= Int64(used)
                if remaining == 0 { try endExtension(type) }
            case .sparseMap:
                used = collect(rest, upTo: (collected.count / TarHeader.blockSize + 1) * TarHeader.blockSize)
                remaining -= Int64(used)
                if collected.count % TarHeader.blockSize == 0 { try readSparseMap(handler) }
            case .data: used = try data(rest, handler)
            case .padding:
                used = min(rest.count, padding)
                padding -= used
                if padding == 0 { phase = .header }
            case .ended: return
            }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(used))
        }
    }

    /// Tells the decoder that there are no more bytes.
    ///
    /// - Throws: `.invalidArgument` where an entry is cut short; a missing end mark is tolerated, and so is missing
    ///   padding after the last entry: umoci writes layers without either.
    public mutating func finish() throws(EngineError) {
        switch phase {
        case .ended: return
        case .padding where !hasExtension: return
        case .header where collected.isEmpty && !hasExtension: return
        default: throw TarHeader.damaged("it is cut short" + (current.map { " in \($0.name)" } ?? ""))
        }
    }

    private mutating func collect(_ bytes: UnsafeRawBufferPointer, upTo size: Int) -> Int {
        let used = min(bytes.count, size - collected.count)
        collected += bytes.prefix(used)
        return used
    }

    private mutating func header(_ handler: some TarHandler) throws(EngineError) {
        let parsed: TarHeader?
        do throws(EngineError) {
            parsed = try TarHeader(collected)
        } catch {
            if count > 0 || hasExtension { throw error }
            throw EngineError(
                .invalidArgument, operation: "read tar", message: "this is no tar archive", causes: [error.description])
        }
        collected.removeAll(keepingCapacity: true)
        guard let header = parsed else {
            if hasExtension { throw TarHeader.damaged("an extended header has no entry") }
            phase = .ended
            return
        }
        switch header.type {
        case UInt8(ascii: "x"), UInt8(ascii: "X"), UInt8(ascii: "g"), UInt8(ascii: "L"), UInt8(ascii: "K"):
            if header.size > Self.maximumExtension { throw TarHeader.damaged("an extended header is too large") }
            hasExtension = hasExtension || header.type != UInt8(ascii: "g")
            remaining = header.size
            padding = Self.padding(after: header.size)
            phase = .extension_(header.type)
            if remaining == 0 { try endExtension(header.type) }
        case UInt8(ascii: "V"):
            // A volume label: no file.
            resetExtensions()
            remaining = 0
            padding = 0
        default: try begin(header, handler)
        }
    }

    private mutating func endExtension(_ type: UInt8) throws(EngineError) {
        let bytes = collected
        collected.removeAll(keepingCapacity: true)
        switch type {
        case UInt8(ascii: "L"): longName = Array(bytes.prefix { $0 != 0 })
        case UInt8(ascii: "K"): longLink = Array(bytes.prefix { $0 != 0 })
        case UInt8(ascii: "g"): try defaults.parse(bytes)
        default: try records.parse(bytes)
        }
        phase = padding == 0 ? .header : .padding
    }

    private mutating func resetExtensions() {
        records = PAXRecords()
        longName = nil
        longLink = nil
        hasExtension = false
    }

    static func padding(after size: Int64) -> Int { Int((512 - size % 512) % 512) }
}

// MARK: Entries

extension TarDecoder {
    private mutating func begin(_ header: TarHeader, _ handler: some TarHandler) throws(EngineError) {
        var entry = try makeEntry(header)
        let stored = entry.kind == .file ? try checkedSize(records.size ?? defaults.size ?? header.size) : 0
        let sparse = records.sparse
        remaining = stored
        padding = Self.padding(after: stored)
        entry.size = stored
        extents = [TarEntry.Extent(offset: 0, length: stored)]
        (extent, doneInExtent) = (0, 0)
        resetExtensions()
        count += 1
        if entry.kind == .file, sparse.major == 1, sparse.minor == 0 {
            entry.size = try checkedSize(sparse.realSize ?? 0)
            entry.isSparse = true
            current = entry
            phase = .sparseMap
            if remaining < Int64(TarHeader.blockSize) { throw TarHeader.damaged("a sparse file has no map") }
            return
        }
        if let map = sparse.map, entry.kind == .file {
            entry.size = try checkedSize(sparse.realSize ?? 0)
            entry.isSparse = true
            extents = map
            try checkExtents(of: entry)
        } else if sparse.major != nil || header.type == UInt8(ascii: "S") {
            throw EngineError(
                .unimplemented, operation: "read tar", subject: entry.name,
                message: "has a sparse format that is not known")
        }
        current = entry
        try start(entry, handler)
    }

    private func makeEntry(_ header: TarHeader) throws(EngineError) -> TarEntry {
        var entry = TarEntry()
        entry.path = records.sparse.name ?? records.path ?? longName ?? header.name
        entry.link = records.link ?? longLink ?? header.link
        switch header.type {
        case 0, UInt8(ascii: "0"), UInt8(ascii: "7"), UInt8(ascii: "S"):
            // Before ustar a directory was a file with a slash at its end.
            entry.kind = entry.path.last == UInt8(ascii: "/") ? .directory : .file
        case UInt8(ascii: "1"): entry.kind = .hardLink
        case UInt8(ascii: "2"): entry.kind = .symbolicLink
        case UInt8(ascii: "3"): entry.kind = .characterDevice
        case UInt8(ascii: "4"): entry.kind = .blockDevice
        case UInt8(ascii: "5"): entry.kind = .directory
        case UInt8(ascii: "6"): entry.kind = .fifo
        default:
            throw TarHeader.damaged("\(entry.name) is of an unknown type (\(header.type))")
        }
        for path in [entry.path, entry.link] where path.contains(0) || path.count > Self.maximumPath {
            throw TarHeader.damaged("a path holds a zero byte or is longer than \(Self.maximumPath) bytes")
        }
        if entry.path.isEmpty { throw TarHeader.damaged("an entry has no name") }
        entry.mode = header.mode
        entry.uid = try Self.identifier(records.uid ?? defaults.uid ?? header.uid, "uid")
        entry.gid = try Self.identifier(records.gid ?? defaults.gid ?? header.gid, "gid")
        entry.modified = records.modified ?? defaults.modified ?? TarEntry.Time(seconds: header.modified)
        entry.major = try Self.identifier(header.major, "device")
        entry.minor = try Self.identifier(header.minor, "device")
        entry.attributes = records.attributes
        return entry
    }

    private static func identifier(_ value: Int64, _ what: String) throws(EngineError) -> UInt32 {
        // -1 means "leave it as it is" to chown, so it is nobody's number.
        guard let number = UInt32(exactly: value), number != .max else {
            throw TarHeader.damaged("the \(what) \(value) is out of range")
        }
        return number
    }

    private func checkedSize(_ size: Int64) throws(EngineError) -> Int64 {
        guard (0...Self.maximumSize).contains(size) else { throw TarHeader.damaged("a file of \(size) bytes") }
        return size
    }

    private mutating func start(_ entry: TarEntry, _ handler: some TarHandler) throws(EngineError) {
        try handler.begin(entry)
        phase = .data
        if remaining == 0 { try end(handler) }
    }

    private mutating func end(_ handler: some TarHandler) throws(EngineError) {
        try handler.end()
        current = nil
        phase = padding == 0 ? .header : .padding
    }

    private mutating func data(
        _ bytes: UnsafeRawBufferPointer, _ handler: some TarHandler
    ) throws(EngineError) -> Int {
        while extent < extents.count, doneInExtent == extents[extent].length {
            extent += 1
            doneInExtent = 0
        }
        // checkExtents made sure that the extents hold exactly what remains.
        guard extent < extents.count else { throw TarHeader.damaged("a sparse file has more data than its map") }
        let used = Int(min(Int64(bytes.count), extents[extent].length - doneInExtent))
        try handler.data(
            UnsafeRawBufferPointer(rebasing: bytes.prefix(used)), at: extents[extent].offset + doneInExtent)
        doneInExtent += Int64(used)
        remaining -= Int64(used)
        if remaining == 0 { try end(handler) }
        return used
    }
}

// MARK: Sparse files

extension TarDecoder {
    /// Version 1.0: decimal numbers, a line each, in as many blocks as it takes: how many extents, then each one's
    /// offset and length.
    private mutating func readSparseMap(_ handler: some TarHandler) throws(EngineError) {
        guard var entry = current else { return }
        var numbers: [Int64] = []
        var wanted = 1
        var rest = collected[...]
        while numbers.count < wanted {
            guard let newline = rest.firstIndex(of: UInt8(ascii: "\n")) else {
                if collected.count > Int(Self.maximumExtension) || remaining < Int64(TarHeader.blockSize) {
                    throw TarHeader.damaged("the map of \(entry.name) does not end")
                }
                return
            }
            guard let number = PAXRecords.integer(rest[..<newline]), number >= 0 else {
                throw TarHeader.damaged("the map of \(entry.name) is no list of numbers")
            }
            if numbers.isEmpty {
                if number > Self.maximumExtension { throw TarHeader.damaged("the map of \(entry.name) is too long") }
                wanted = 1 + 2 * Int(number)
            }
            numbers.append(number)
            rest = rest[(newline + 1)...]
        }
        collected.removeAll(keepingCapacity: true)
        extents = stride(from: 1, to: wanted, by: 2).map {
            TarEntry.Extent(offset: numbers[$0], length: numbers[$0 + 1])
        }
        entry.isSparse = true
        try checkExtents(of: entry)
        current = entry
        try start(entry, handler)
    }

    /// Extents must be in order, inside the file, and hold exactly the data that follows.
    private func checkExtents(of entry: TarEntry) throws(EngineError) {
        var end: Int64 = 0
        var total: Int64 = 0
        for extent in extents {
            guard extent.offset >= end, extent.length >= 0, extent.length <= Self.maximumSize,
                extent.offset <= entry.size, extent.offset + extent.length <= entry.size
            else { throw TarHeader.damaged("the map of \(entry.name) does not fit the file") }
            end = extent.offset + extent.length
            total += extent.length
        }
        if total != remaining { throw TarHeader.damaged("the map of \(entry.name) does not fit its data") }
    }
}
