import Foundation
import SwctrContent
import SwctrCore
import SwctrImages
import SwctrMetadata
import SwctrOCI
import SwctrSnapshots
import SwctrTestSupport
import Testing

@Suite("Garbage collection", .enabled(if: geteuid() == 0, "unpacking sets owners"))
struct CollectionTests {
    @Test("a removed image frees its content and snapshots before a synchronous removal returns")
    func synchronous() async throws {
        try await ImageFixture.with { fixture in
            try await fixture.take(ArchiveBuilder.simple("r.example/x:1"))
            try await fixture.images.delete(.default, "r.example/x:1", sync: true)
            #expect(try fixture.content.digests().isEmpty)
            #expect(try await fixture.snapshotRows().isEmpty)
            #expect(try await fixture.metadata.read { try $0.content() }.isEmpty)
            let error = await #expect(throws: EngineError.self) {
                try await fixture.images.delete(.default, "r.example/x:1", sync: true)
            }
            #expect(error?.code == .notFound)
            #expect(error?.hint.contains("images ls") == true)
        }
    }

    @Test("a second name, another namespace and a container's snapshot keep what they need")
    func kept() async throws {
        try await ImageFixture.with { fixture in
            let other = try Namespace("other")
            let archive = try ArchiveBuilder.simple("r.example/x:1")
            try await fixture.take(archive)
            try await fixture.take(archive, namespace: other)
            let image = try await fixture.images.resolve(.default, "r.example/x:1", platform: nil)
            _ = try await fixture.snapshots.prepare(
                .default, snapshotter: "native", key: "container", parent: image.chainID?.description)
            try await fixture.images.delete(.default, "r.example/x:1", sync: true)
            let rows = try await fixture.snapshotRows()
            #expect(
                rows.filter { $0.namespace == .default }.map(\.key) == [
                    "\(image.chainID?.description ?? "")", "container",
                ])
            #expect(try await fixture.metadata.read { try $0.content(in: .default) }.isEmpty)
            #expect(try fixture.content.digests().count == 3)

            try await fixture.snapshots.remove(.default, snapshotter: "native", key: "container")
            try await fixture.images.collect()
            #expect(try await fixture.snapshotRows().map(\.namespace) == [other])
            try await fixture.images.delete(other, "r.example/x:1", sync: true)
            #expect(try fixture.content.digests().isEmpty)
        }
    }

    @Test("what is labelled as a root stays")
    func roots() async throws {
        try await ImageFixture.with { fixture in
            let digest = try fixture.content.store(Array("kept".utf8))
            try await fixture.metadata.write {
                try $0.addContent(
                    ContentRecord(
                        namespace: .default, digest: digest, size: 4, labels: ["containerd.io/gc.root": "now"]))
            }
            try await fixture.images.collect()
            #expect(fixture.content.contains(digest))
        }
    }

    @Test("containers that come and go during collections do not stop them")
    func beside() async throws {
        try await ImageFixture.with { fixture in
            let archive = try ArchiveBuilder.simple("r.example/x:1")
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { for _ in 0..<40 { try await fixture.images.collect() } }
                for worker in 0..<3 {
                    group.addTask {
                        for round in 0..<10 {
                            try await fixture.take(archive)
                            let image = try await fixture.images.resolve(.default, "r.example/x:1", platform: nil)
                            let key = "c\(worker)-\(round)"
                            do {
                                _ = try await fixture.snapshots.prepare(
                                    .default, snapshotter: "native", key: key, parent: image.chainID?.description)
                                try await fixture.snapshots.remove(.default, snapshotter: "native", key: key)
                            } catch let error as EngineError {
                                // Another worker has removed the image just now.
                                #expect(error.code == .notFound)
                            }
                            _ = try? await fixture.images.delete(.default, "r.example/x:1", sync: false)
                        }
                    }
                }
                do { try await group.waitForAll() } catch let error as EngineError where error.code == .notFound {
                    // resolve() after another worker's removal.
                }
            }
        }
    }
}
