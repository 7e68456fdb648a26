import Foundation
import SwctrClient
import SwctrCore
import Testing

@Suite("A layout as an archive")
struct ArchiveTests {
    @Test("a header's fields are where ustar has them")
    func header() throws {
        let block = try TarHeader.encode(path: "oci-layout", kind: .file, size: 0o1234, mode: 0o644)
        #expect(block.count == 512)
        #expect(block[..<10].elementsEqual("oci-layout".utf8))
        #expect(block[124..<136].elementsEqual(Array("00000001234".utf8) + [0]))
        #expect(block[257..<265].elementsEqual(Array("ustar".utf8) + [0] + Array("00".utf8)))
        #expect(block[156] == UInt8(ascii: "0"))
    }

    @Test("long paths are split at a slash", arguments: [100, 101, 150, 200, 214])
    func longPaths(length: Int) throws {
        let path = String(repeating: "d", count: length - 60) + "/" + String(repeating: "f", count: 59)
        let block = try TarHeader.encode(path: path, kind: .file, size: 0, mode: 0o644)
        func text(_ range: Range<Int>) -> String { String(decoding: block[range].prefix { $0 != 0 }, as: UTF8.self) }
        let prefix = text(345..<500)
        #expect((prefix.isEmpty ? "" : prefix + "/") + text(0..<100) == path)
    }

    @Test("a path that fits nowhere is refused")
    func tooLong() {
        #expect(throws: EngineError.self) {
            _ = try TarHeader.encode(path: String(repeating: "x", count: 101), kind: .file, size: 0, mode: 0)
        }
    }

    @Test("sizes above 8 GiB are written in binary")
    func large() throws {
        let block = try TarHeader.encode(path: "x", kind: .file, size: 9 << 30, mode: 0)
        #expect(block[124] == 0x80)
        #expect(block[128..<136].reduce(0) { $0 << 8 | UInt64($1) } == 9 << 30)
    }

    @Test("tar reads what is written, byte for byte, layout files first")
    func roundTrip() throws {
        let root = NSTemporaryDirectory() + "swctr-layout-\(UUID().uuidString.prefix(8))"
        let files = FileManager.default
        defer { try? files.removeItem(atPath: root) }
        try files.createDirectory(atPath: "\(root)/in/blobs/sha256", withIntermediateDirectories: true)
        try files.createDirectory(atPath: "\(root)/out", withIntermediateDirectories: true)
        let blob = Data((0..<700_001).map { UInt8(truncatingIfNeeded: $0 &* 7) })
        let contents = [
            "oci-layout": Data("{}".utf8), "index.json": Data(), "blobs/sha256/aa": blob,
            "blobs/sha256/bb": blob.prefix(512),
        ]
        for (name, bytes) in contents { try bytes.write(to: URL(fileURLWithPath: "\(root)/in/\(name)")) }

        let source = try ArchiveChunk.source("\(root)/in")
        var archive = Data()
        while let part = try source.next() { archive.append(contentsOf: part) }
        #expect(archive.count.isMultiple(of: 512))
        try archive.write(to: URL(fileURLWithPath: "\(root)/x.tar"))
        let tar = Process()
        tar.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        tar.arguments = ["tar", "-C", "\(root)/out", "-xvf", "\(root)/x.tar"]
        let output = Foundation.Pipe()
        tar.standardOutput = output
        try tar.run()
        let names = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        tar.waitUntilExit()
        #expect(tar.terminationStatus == 0)
        #expect(names.split(separator: "\n").prefix(2) == ["oci-layout", "index.json"])
        for (name, bytes) in contents {
            #expect(try Data(contentsOf: URL(fileURLWithPath: "\(root)/out/\(name)")) == bytes, "\(name)")
        }
    }

    @Test("a folder that is no layout is refused, a missing file is not found")
    func wrongFolder() {
        let error = #expect(throws: EngineError.self) { _ = try ArchiveChunk.source("/proc/self/fdinfo") }
        #expect(error?.code == .invalidArgument)
        #expect(throws: EngineError.self) { _ = try ArchiveChunk.source("/nonexistent.tar") }
    }
}
