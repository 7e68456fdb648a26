import SwctrCore
import SwctrMetadata
import Testing

@Suite("Snapshot records")
struct SnapshotRecordTests {
    private func record(
        _ key: String, _ parent: String? = nil, _ kind: SnapshotRecord.Kind = .active
    ) -> SnapshotRecord {
        SnapshotRecord(namespace: "n", snapshotter: "overlayfs", key: key, parent: parent, kind: kind)
    }

    @Test("an active snapshot is committed under its name, and children find their ancestors")
    func chain() async throws {
        let (base, next, top) = (record("a"), record("b", "one"), record("c", "two"))
        try await withStore { store in
            try await store.write { tx throws in
                _ = try tx.createSnapshot(base)
                try tx.commitSnapshot("n", "overlayfs", key: "a", name: "one", labels: ["l": "1"])
                _ = try tx.createSnapshot(next)
                try tx.commitSnapshot("n", "overlayfs", key: "b", name: "two")
                let leaf = try tx.createSnapshot(top)
                #expect(try tx.ancestors(of: leaf).map(\.key) == ["two", "one"])
                #expect(try tx.snapshot("n", "overlayfs", "one")?.labels == ["l": "1"])
                #expect(try tx.snapshot("n", "overlayfs", "a") == nil)
            }
        }
    }

    @Test("storage ids are never given out twice")
    func identifiers() async throws {
        let sample = record("a")
        try await withStore { store in
            let first = try await store.write { try $0.createSnapshot(sample) }
            try await store.write { _ = try $0.removeSnapshot("n", "overlayfs", "a") }
            let second = try await store.write { try $0.createSnapshot(sample) }
            #expect(second.id > first.id)
        }
    }

    @Test("what would break the chain is refused")
    func refused() async throws {
        let (base, next, double, orphan, onActive) = (
            record("a"), record("b", "one"), record("one"), record("o", "none"), record("p", "b")
        )
        try await withStore { store in
            try await store.write { tx throws in
                _ = try tx.createSnapshot(base)
                try tx.commitSnapshot("n", "overlayfs", key: "a", name: "one")
                _ = try tx.createSnapshot(next)
            }
            func code(_ body: @escaping @Sendable (MetadataTransaction) throws -> Void) async -> ErrorCode? {
                await #expect(throws: EngineError.self) { try await store.write(body) }?.code
            }
            #expect(await code { _ = try $0.createSnapshot(double) } == .alreadyExists)
            #expect(await code { _ = try $0.createSnapshot(orphan) } == .notFound)
            #expect(await code { _ = try $0.createSnapshot(onActive) } == .invalidArgument)
            #expect(await code { try $0.removeSnapshot("n", "overlayfs", "one") } == .failedPrecondition)
            #expect(await code { try $0.removeSnapshot("n", "overlayfs", "none") } == .notFound)
            #expect(
                await code { try $0.commitSnapshot("n", "overlayfs", key: "one", name: "x") } == .failedPrecondition)
            #expect(await code { try $0.commitSnapshot("n", "overlayfs", key: "b", name: "one") } == .alreadyExists)
        }
    }
}
