import Foundation
import SwctrContent
import SwctrCore
import Testing

@Suite("The content store")
struct ContentStoreTests {
    static let hello = Array("hello\n".utf8)
    static let helloDigest = "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"

    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("swctr-content-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.path)
    }

    private func names(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    @Test("what is written is read back under its digest")
    func roundTrip() throws {
        try withFolder { folder in
            let store = try LocalContentStore.open(root: folder)
            let digest = try store.store(Self.hello)
            #expect(digest.description == Self.helloDigest)
            #expect(store.contains(digest))
            #expect(store.size(of: digest) == 6)
            #expect(try store.bytes(of: digest, limit: 6) == Self.hello)
            #expect(try store.digests() == [digest])
            #expect(try names(in: folder) == ["blobs", "index.json", "ingest", "oci-layout"])
            #expect(try names(in: folder + "/ingest").isEmpty)
        }
    }

    @Test("a SHA-512 digest is checked with SHA-512")
    func sha512() throws {
        try withFolder { folder in
            let store = try LocalContentStore.open(root: folder)
            let digest = try Digest(
                "sha512:e7c22b994c59d9cf2b48e549b1e24666636045930d3da7c1acb299d1c3b7f931f94aae41edda2c2b207a36e10f8bcb8d45223e54878f5b316e7ce3b6bc019629"
            )
            #expect(try store.store(Self.hello, expecting: digest) == digest)
            #expect(throws: EngineError.self) { try store.store(Array("other".utf8), expecting: digest) }
        }
    }

    @Test("bytes of another digest or size never become visible")
    func mismatch() throws {
        try withFolder { folder in
            let store = try LocalContentStore.open(root: folder)
            let expected = try Digest(Self.helloDigest)
            let error = #expect(throws: EngineError.self) {
                try store.store(Array("hallo\n".utf8), expecting: expected)
            }
            #expect(error?.code == .failedPrecondition)
            #expect(error?.message.contains("unexpected digest") == true)
            var short = try store.ingest()
            try short.append(Self.hello)
            do throws(EngineError) {
                _ = try short.commit(expecting: expected, size: 7)
                Issue.record("a wrong size was taken")
            } catch { #expect(error.message == "unexpected size 6, expected 7") }
            #expect(try store.digests().isEmpty)
            #expect(try names(in: folder + "/ingest").isEmpty)
        }
    }

    @Test("an abandoned write leaves nothing, neither now nor from an earlier process")
    func abandoned() throws {
        try withFolder { folder in
            let store = try LocalContentStore.open(root: folder)
            do {
                var writer = try store.ingest()
                try writer.append(Self.hello)
                #expect(try names(in: folder + "/ingest").count == 1)
            }
            #expect(try names(in: folder + "/ingest").isEmpty)
            _ = FileManager.default.createFile(atPath: folder + "/ingest/left", contents: Data(Self.hello))
            _ = try LocalContentStore.open(root: folder)
            #expect(try names(in: folder + "/ingest").isEmpty)
        }
    }

    @Test("a damaged blob is healed by writing it again")
    func healing() throws {
        try withFolder { folder in
            let store = try LocalContentStore.open(root: folder)
            let digest = try store.store(Self.hello)
            try Data().write(to: URL(fileURLWithPath: store.path(of: digest)))
            try store.store(Self.hello)
            #expect(try store.bytes(of: digest, limit: 100) == Self.hello)
        }
    }

    @Test("what is not there, and what is too large, is named")
    func refusals() throws {
        try withFolder { folder in
            let store = try LocalContentStore.open(root: folder)
            let digest = try Digest(Self.helloDigest)
            let missing = #expect(throws: EngineError.self) { try store.bytes(of: digest, limit: 10) }
            #expect(missing?.code == .notFound)
            #expect(missing?.subject == "content \(Self.helloDigest)")
            #expect(try !store.remove(digest))
            try store.store(Self.hello)
            let large = #expect(throws: EngineError.self) { try store.bytes(of: digest, limit: 5) }
            #expect(large?.code == .resourceExhausted)
            #expect(try store.remove(digest))
            #expect(!store.contains(digest))
        }
    }

    @Test("a blob that is removed while it is read is read to its end")
    func removedWhileRead() throws {
        try withFolder { folder in
            let store = try LocalContentStore.open(root: folder)
            let digest = try store.store(Self.hello)
            var reader = try store.read(digest)
            try store.remove(digest)
            var buffer = [UInt8](repeating: 0, count: 16)
            let count = try buffer.withUnsafeMutableBytes { try reader.read(into: $0) }
            #expect(Array(buffer[..<count]) == Self.hello)
        }
    }
}
