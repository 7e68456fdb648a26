import SwctrCore
import SwctrSnapshots
import SwctrTestSupport
import Testing

/// Remembers what a decoder said.
final class Recorder: TarHandler {
    struct Item {
        var entry: TarEntry
        var data: [UInt8] = []
        var offsets: [Int64] = []
    }
    var items: [Item] = []
    var open = 0

    func begin(_ entry: TarEntry) {
        items.append(Item(entry: entry))
        open += 1
    }
    func data(_ bytes: UnsafeRawBufferPointer, at offset: Int64) {
        items[items.count - 1].data += bytes
        items[items.count - 1].offsets.append(offset)
    }
    func end() { open -= 1 }

    static func read(_ archive: [UInt8], step: Int = 512) throws -> [Item] {
        let recorder = Recorder()
        var decoder = TarDecoder()
        for start in stride(from: 0, to: archive.count, by: step) {
            try Array(archive[start..<min(start + step, archive.count)]).withUnsafeBytes {
                try decoder.push($0, to: recorder)
            }
        }
        try decoder.finish()
        #expect(recorder.open == 0)
        return recorder.items
    }
}

@Suite("The tar reader")
struct TarDecoderTests {
    static let long = String(repeating: "d/", count: 100) + String(repeating: "n", count: 200)

    static let everything = TarBuilder.archive { tar in
        tar.directory("dir/", mode: 0o1777)
        tar.file("dir/file", "hello", mode: 0o4755, uid: 1000, gid: 2000)
        tar.symbolicLink("link", "dir/file")
        tar.hardLink("hard", "dir/file")
        tar.raw("null", type: "3", mode: 0o666, major: 1, minor: 3)
        tar.raw("fifo", type: "6")
        tar.pax([
            ("path", Array(long.utf8)), ("mtime", Array("1600000000.5".utf8)), ("uid", Array("3000000".utf8)),
            ("SCHILY.xattr.user.x", [0, 10, 61, 255]),
        ])
        tar.file("short", "pax")
        tar.gnuLong(long)
        tar.file("short", "gnu")
        tar.gnuLong(long, type: "K")
        tar.symbolicLink("longlink", "short")
        tar.file("empty")
    }

    @Test("every kind of entry is read, in pieces of any size", arguments: [1, 7, 511, 512, 513, 100_000])
    func pieces(step: Int) throws {
        let items = try Recorder.read(Self.everything, step: step)
        let entries = items.map(\.entry)
        #expect(
            entries.map(\.kind) == [
                .directory, .file, .symbolicLink, .hardLink, .characterDevice, .fifo, .file, .file, .symbolicLink,
                .file,
            ])
        #expect(entries[1].name == "dir/file")
        #expect((entries[1].mode, entries[1].uid, entries[1].gid) == (0o4755, 1000, 2000))
        #expect(items[1].data == Array("hello".utf8))
        #expect(entries[2].link == Array("dir/file".utf8))
        #expect((entries[4].major, entries[4].minor) == (1, 3))
        #expect(entries[6].path == Array(Self.long.utf8))
        #expect(entries[6].modified == TarEntry.Time(seconds: 1_600_000_000, nanoseconds: 500_000_000))
        #expect(entries[6].uid == 3_000_000)
        #expect(entries[6].attributes.map(\.name) == [Array("user.x".utf8)])
        #expect(entries[6].attributes.map(\.value) == [[0, 10, 61, 255]])
        #expect(entries[7].path == Array(Self.long.utf8))
        #expect(entries[7].attributes.isEmpty)
        #expect(entries[8].link == Array(Self.long.utf8))
        #expect(entries[8].name == "longlink")
    }

    @Test("a base-256 number is read")
    func base256() throws {
        var tar = TarBuilder()
        tar.raw("x", uid: 0)
        var bytes = tar.archive
        bytes.replaceSubrange(108..<116, with: [0x80, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff])
        bytes.replaceSubrange(148..<156, with: Array("        ".utf8))
        let sum = bytes[..<512].reduce(0) { $0 + Int($1) }
        let octal = String(sum, radix: 8)
        bytes.replaceSubrange(
            148..<156, with: Array((String(repeating: "0", count: 6 - octal.count) + octal).utf8) + [0, 32])
        #expect(try Recorder.read(bytes)[0].entry.uid == 0x7fff_ffff)
    }

    @Test("sparse files of version 1.0 and 0.1 come with their offsets", arguments: [1, 100, 512, 4096])
    func sparse(step: Int) throws {
        let data = [UInt8](repeating: 83, count: 1000)
        let archive = TarBuilder.archive { tar in
            tar.pax([
                ("GNU.sparse.major", Array("1".utf8)), ("GNU.sparse.minor", Array("0".utf8)),
                ("GNU.sparse.name", Array("real".utf8)), ("GNU.sparse.realsize", Array("1000000".utf8)),
            ])
            var map = Array("2\n5000\n400\n90000\n600\n".utf8)
            map += [UInt8](repeating: 0, count: 512 - map.count)
            tar.raw("GNUSparseFile.0/real", data: map + data)
            tar.pax([
                ("GNU.sparse.size", Array("20000".utf8)), ("GNU.sparse.map", Array("0,10,10000,990".utf8)),
            ])
            tar.raw("old", data: data)
        }
        let items = try Recorder.read(archive, step: step)
        #expect(items.map(\.entry.name) == ["real", "old"])
        #expect(items.map(\.entry.size) == [1_000_000, 20_000])
        #expect(items.map(\.entry.isSparse) == [true, true])
        #expect(items.map(\.data) == [data, data])
        #expect(items[0].offsets.first == 5000 && items[0].offsets.contains(90000))
        #expect(items[1].offsets.first == 0 && items[1].offsets.contains(10000))
    }

    @Test("an archive without an end mark, and an empty one, are read")
    func lenient() throws {
        var tar = TarBuilder()
        tar.file("a", "x")
        #expect(try Recorder.read(tar.bytes).count == 1)
        // umoci's layers end right after the last byte of data.
        #expect(try Recorder.read(Array(tar.bytes.prefix(513))).map(\.data) == [Array("x".utf8)])
        #expect(try Recorder.read([]).isEmpty)
        #expect(try Recorder.read([UInt8](repeating: 0, count: 10240)).isEmpty)
    }

    static let broken: [(String, [UInt8])] = [
        ("no archive", Array(String(repeating: "this is not a tar archive", count: 50).utf8)),
        ("cut in a header", Array(everything.prefix(700))),
        ("cut in data", Array(everything.prefix(512 + 512 + 3))),
        ("cut after an extended header", TarBuilder.archive { $0.pax([("path", [97])]) }),
        ("a huge extended header", TarBuilder.archive { $0.raw("x", type: "x", size: 1 << 30) }),
        (
            "a record longer than the header",
            TarBuilder.archive { $0.raw("x", type: "x", data: Array("99 path=a\n".utf8)) }
        ),
        ("a record of length 0", TarBuilder.archive { $0.raw("x", type: "x", data: Array("0 path=a\n".utf8)) }),
        ("a record without '='", TarBuilder.archive { $0.raw("x", type: "x", data: Array("8 patha\n".utf8)) }),
        (
            "a path with a zero byte",
            TarBuilder.archive {
                $0.pax([("path", [97, 0, 98])])
                $0.file("x")
            }
        ),
        (
            "a path longer than Linux takes",
            TarBuilder.archive {
                $0.pax([("path", [UInt8](repeating: 97, count: 5000))])
                $0.file("x")
            }
        ),
        (
            "a size beyond all file systems",
            TarBuilder.archive {
                $0.pax([("size", Array("999999999999999999".utf8))])
                $0.file("x")
            }
        ),
        (
            "a negative size",
            TarBuilder.archive {
                $0.pax([("size", Array("-5".utf8))])
                $0.file("x")
            }
        ),
        ("an unknown type", TarBuilder.archive { $0.raw("x", type: "Z") }),
        ("an old GNU sparse file", TarBuilder.archive { $0.raw("x", type: "S") }),
        (
            "a sparse map beyond the file",
            TarBuilder.archive {
                $0.pax([("GNU.sparse.size", Array("10".utf8)), ("GNU.sparse.map", Array("100,5".utf8))])
                $0.raw("x", data: [1, 2, 3, 4, 5])
            }
        ),
        (
            "a sparse map with less than the data",
            TarBuilder.archive {
                $0.pax([("GNU.sparse.size", Array("100".utf8)), ("GNU.sparse.map", Array("0,2".utf8))])
                $0.raw("x", data: [1, 2, 3, 4, 5])
            }
        ),
        (
            "a sparse map that never ends",
            TarBuilder.archive {
                $0.pax([
                    ("GNU.sparse.major", [49]), ("GNU.sparse.minor", [48]), ("GNU.sparse.realsize", Array("100".utf8)),
                ])
                $0.raw("x", data: [UInt8](repeating: 49, count: 1024))
            }
        ),
        (
            "a sparse map of a billion extents",
            TarBuilder.archive {
                $0.pax([
                    ("GNU.sparse.major", [49]), ("GNU.sparse.minor", [48]), ("GNU.sparse.realsize", Array("100".utf8)),
                ])
                $0.raw("x", data: Array("1000000000\n".utf8) + [UInt8](repeating: 0, count: 501))
            }
        ),
    ]

    @Test("what is broken is refused", arguments: broken)
    func refused(what: String, archive: [UInt8]) {
        let error = #expect(throws: EngineError.self) { try Recorder.read(archive) }
        #expect(error?.code == .invalidArgument || error?.code == .unimplemented)
    }

    /// Deterministic, so that a failure can be found again.
    @Test("ten thousand mutations neither crash the reader nor make it hold more than it was given")
    func mutations() throws {
        var random = SplitMix(state: 42)
        for _ in 0..<10_000 {
            var bytes = Self.everything
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let at = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.removeSubrange(at..<min(bytes.count, at + Int.random(in: 1...600, using: &random)))
                case 2: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + 512)], at: at)
                default:
                    bytes = TarBuilder.withChecksums(bytes, changing: at, to: UInt8.random(in: 0...255, using: &random))
                }
                if bytes.isEmpty { break }
            }
            let given = bytes.count
            do {
                let items = try Recorder.read(bytes, step: 4096)
                #expect(items.reduce(0) { $0 + $1.data.count } <= given)
            } catch let error as EngineError {
                #expect(error.code == .invalidArgument || error.code == .unimplemented)
            }
        }
    }
}

extension TarBuilder {
    /// Changes a byte and mends the checksum of the block that it is in, to get past the first check.
    static func withChecksums(_ bytes: [UInt8], changing at: Int, to value: UInt8) -> [UInt8] {
        var bytes = bytes
        let start = at / 512 * 512
        bytes[at] = value
        guard start + 512 <= bytes.count else { return bytes }
        bytes.replaceSubrange((start + 148)..<(start + 156), with: Array("        ".utf8))
        let octal = String(bytes[start..<(start + 512)].reduce(0) { $0 + Int($1) }, radix: 8)
        let padded = String(repeating: "0", count: max(0, 6 - octal.count)) + octal
        bytes.replaceSubrange((start + 148)..<(start + 156), with: Array(padded.utf8.prefix(6)) + [0, 32])
        return bytes
    }
}

struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
