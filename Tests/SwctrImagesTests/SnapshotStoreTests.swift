import Foundation
import SwctrCore
import SwctrImages
import SwctrMetadata
import SwctrSnapshots
import Testing

@Suite("The snapshot store", .enabled(if: geteuid() == 0, "copies keep owners"))
struct SnapshotStoreTests {
    @Test("prepare, write, commit, view, remove")
    func life() async throws {
        try await ImageFixture.with { fixture in
            let store = fixture.snapshots
            let mounts = try await store.prepare(.default, snapshotter: "native", key: "a", parent: nil)
            try Data("x".utf8).write(to: URL(fileURLWithPath: mounts[0].source + "/f"))
            #expect(try await store.mounts(.default, snapshotter: "native", key: "a") == mounts)
            try await store.commit(.default, snapshotter: "native", key: "a", as: "base")
            let view = try await store.view(.default, snapshotter: "native", key: "v", parent: "base")
            #expect(view[0].options.contains("ro"))
            #expect(FileManager.default.fileExists(atPath: view[0].source + "/f"))
            #expect(try await store.list(.default, snapshotter: "native").map(\.kind) == [.committed, .view])
            #expect(try await store.usage(.default, snapshotter: "native", key: "base").inodes == 2)
            // Nobody's image, and still somebody's: it is not collected.
            try await fixture.images.collect()
            #expect(try await store.stat(.default, snapshotter: "native", key: "base").kind == .committed)
            let busy = await #expect(throws: EngineError.self) {
                try await store.remove(.default, snapshotter: "native", key: "base")
            }
            #expect(busy?.code == .failedPrecondition)
            try await store.remove(.default, snapshotter: "native", key: "v")
            try await store.remove(.default, snapshotter: "native", key: "base")
            #expect(try await fixture.metadata.read { try $0.intents() }.isEmpty)
        }
    }

    @Test("what cannot be done is refused and changes nothing")
    func refused() async throws {
        try await ImageFixture.with { fixture in
            let store = fixture.snapshots
            _ = try await store.prepare(.default, snapshotter: "native", key: "a", parent: nil)
            func code(_ body: () async throws -> Void) async -> ErrorCode? {
                do { try await body() } catch { return (error as? EngineError)?.code }
                return nil
            }
            #expect(
                await code { _ = try await store.prepare(.default, snapshotter: "native", key: "a", parent: nil) }
                    == .alreadyExists)
            #expect(
                await code { _ = try await store.prepare(.default, snapshotter: "native", key: "b", parent: "none") }
                    == .notFound)
            #expect(
                await code { _ = try await store.prepare(.default, snapshotter: "zfs", key: "b", parent: nil) }
                    == .notFound)
            #expect(
                await code { _ = try await store.view(.default, snapshotter: "native", key: "b", parent: "a") }
                    == .invalidArgument)
            #expect(
                await code { try await store.commit(.default, snapshotter: "native", key: "none", as: "x") }
                    == .notFound)
            #expect(await code { try await store.remove(.default, snapshotter: "native", key: "none") } == .notFound)
            #expect(try await store.list(.default, snapshotter: "native").map(\.key) == ["a"])
            #expect(try await fixture.metadata.read { try $0.intents() }.isEmpty)
        }
    }

    @Test("of twenty that prepare one key at a time exactly one wins")
    func race() async throws {
        try await ImageFixture.with { fixture in
            let store = fixture.snapshots
            let winners = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        (try? await store.prepare(.default, snapshotter: "native", key: "a", parent: nil)) != nil
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(winners == 1)
            let left = try await store.list(.default, snapshotter: "native")
            #expect(left.count == 1)
        }
    }
}
