import Foundation
import SwctrContent
import SwctrCore
import SwctrImages
import SwctrMetadata
import SwctrOCI
import SwctrSnapshots
import SwctrTestSupport
import Testing

@Suite("Unpacked layers", .enabled(if: geteuid() == 0, "unpacking sets owners"))
struct UnpackTests {
    private func three(_ top: String) throws -> [UInt8] {
        var builder = ArchiveBuilder()
        let image = try builder.image([
            ArchiveBuilder.layer("base", "1"), ArchiveBuilder.layer("middle", "2"), ArchiveBuilder.layer("top", top),
        ])
        builder.name(image, "r.example/\(top):1")
        return try builder.archive()
    }

    @Test("images share the layers that they have in common")
    func shared() async throws {
        try await ImageFixture.with { fixture in
            try await fixture.take(three("a"))
            try await fixture.take(three("b"))
            let rows = try await fixture.snapshotRows()
            #expect(rows.count == 4)
            #expect(rows.allSatisfy { $0.kind == .committed })
            #expect(Set(rows.map(\.key)).count == 4)
            #expect(rows.filter { $0.parent == nil }.count == 1)
        }
    }

    @Test("twenty at a time unpack one image once")
    func concurrent() async throws {
        try await ImageFixture.with { fixture in
            try await fixture.take(three("a"), .native(unpack: false))
            let image = try await fixture.images.resolve(.default, "r.example/a:1", platform: nil)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        try await fixture.unpack(image)
                    }
                }
                try await group.waitForAll()
            }
            let rows = try await fixture.snapshotRows()
            #expect(rows.map(\.kind) == [.committed, .committed, .committed])
            // The ids of layers that were begun twice would show as gaps.
            #expect(rows.map(\.id) == [1, 2, 3])
            #expect(try await fixture.text("top", in: "r.example/a:1") == "a")
        }
    }

    @Test("imports, removals and collections at the same time leave what is named whole, and nothing else")
    func storm() async throws {
        try await ImageFixture.with { fixture in
            let archives = try (0..<6).map { try three("n\($0)") }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (index, archive) in archives.enumerated() {
                    group.addTask {
                        for _ in 0..<3 {
                            try await fixture.take(archive)
                            if index % 2 == 0 {
                                try await fixture.images.delete(.default, "r.example/n\(index):1", sync: index == 0)
                            }
                        }
                    }
                }
                group.addTask { for _ in 0..<10 { try await fixture.images.collect() } }
                try await group.waitForAll()
            }
            try await fixture.images.collect()
            #expect(try await fixture.names() == ["r.example/n1:1", "r.example/n3:1", "r.example/n5:1"])
            for index in [1, 3, 5] {
                #expect(try await fixture.text("top", in: "r.example/n\(index):1") == "n\(index)")
            }
            // Two common layers, three tops; per image a manifest and a configuration, three layers of which two common.
            #expect(try await fixture.snapshotRows().count == 5)
            #expect(try fixture.content.digests().count == 3 * 2 + 2 + 3)
        }
    }

    @Test("what an earlier manager was unpacking is gone after a start, the rest stays")
    func recovery() async throws {
        try await ImageFixture.with { fixture in
            try await fixture.take(three("a"))
            let done = try await fixture.snapshotRows()
            // As a manager leaves it that is killed while it unpacks: row, intent, tree, a blob under way.
            let parent = done[2].key
            let cutOff = try await fixture.metadata.write { tx in
                let record = try tx.createSnapshot(
                    SnapshotRecord(
                        namespace: .default, snapshotter: "native", key: "extract-x", parent: parent, kind: .active))
                _ = try tx.addIntent(
                    IntentRecord(namespace: .default, kind: .snapshot, subject: "\(record.id)", payload: "native"))
                return record
            }
            try fixture.native.prepare(cutOff.id, parents: [done[2].id])
            let orphan = try fixture.content.store(Array("orphan".utf8))

            let restarted = try ImageFixture(root: fixture.root)
            try await restarted.snapshots.recover()
            try await restarted.images.collect()
            #expect(try await restarted.snapshotRows() == done)
            #expect(try await restarted.metadata.read { try $0.intents() }.isEmpty)
            #expect(
                !FileManager.default.fileExists(atPath: try fixture.native.layerTarget(cutOff.id, parents: []).path))
            #expect(!restarted.content.contains(orphan))
            #expect(try await restarted.text("top", in: "r.example/a:1") == "a")
        }
    }

    @Test("a layer that fails leaves the ones below it, and can be tried again")
    func failure() async throws {
        try await ImageFixture.with { fixture in
            try await fixture.take(three("a"), .native(unpack: false))
            let image = try await fixture.images.resolve(.default, "r.example/a:1", platform: nil)
            let top = image.layers[2].digest
            let bytes = try fixture.content.bytes(of: top, limit: 1 << 20)
            try Data(bytes.dropLast(1600)).write(to: URL(fileURLWithPath: fixture.content.path(of: top)))
            let error = await #expect(throws: EngineError.self) {
                try await fixture.unpack(image)
            }
            #expect(error?.description.contains("\(top)") == true)
            #expect(try await fixture.snapshotRows().map(\.kind) == [.committed, .committed])
            #expect(try await fixture.metadata.read { try $0.intents() }.isEmpty)
            try fixture.content.store(bytes)
            try await fixture.unpack(image)
            #expect(try await fixture.text("top", in: "r.example/a:1") == "a")
        }
    }
}
