import SwctrMetadata
import SwctrContent
import SwctrCore
import SwctrLinux
import SwctrOCI
import SwctrSnapshots

/// Unpacks layers into committed snapshots named by their chain ID. Who asks for a layer that is being unpacked waits
/// for that.
public actor Unpacker {
    private let content: LocalContentStore
    private let snapshots: SnapshotStore
    private var underWay: [Key: Task<Void, any Error>] = [:]

    private struct Key: Hashable {
        var namespace: Namespace
        var snapshotter: String
        var chainID: Digest
    }

    public init(content: LocalContentStore, snapshots: SnapshotStore) {
        self.content = content
        self.snapshots = snapshots
    }

    /// - Parameters:
    ///   - layers: lowest first, each with the digest of its uncompressed archive.
    ///   - onLayer: told the number, from 1, and the digest of each layer that is there now.
    /// - Throws: `.failedPrecondition` for a layer whose bytes are not what the configuration says; what the archive or
    ///   the disk said. Layers below it stay.
    func unpack(
        namespace: Namespace, layers: [(Descriptor, Digest)], snapshotter: String,
        onLayer: @Sendable (Int, Digest) async -> Void
    ) async throws {
        let chain = try ChainID.all(of: layers.map(\.1))
        for (number, (layer, diffID)) in layers.enumerated() {
            let key = Key(namespace: namespace, snapshotter: snapshotter, chainID: chain[number])
            let parent = number == 0 ? nil : chain[number - 1]
            try await join(key) { [self] in
                try await unpackOne(layer, diffID: diffID, key, parent: parent)
            }
            await onLayer(number + 1, layer.digest)
        }
    }

    private func join(_ key: Key, _ work: @escaping @Sendable () async throws -> Void) async throws {
        if let running = underWay[key] { return try await running.value }
        let task = Task { try await work() }
        underWay[key] = task
        defer { underWay[key] = nil }
        try await task.value
    }

    private nonisolated func unpackOne(_ layer: Descriptor, diffID: Digest, _ key: Key, parent: Digest?) async throws {
        let name = key.chainID.description
        let isDone = try await snapshots.metadata.read { tx in
            try tx.snapshot(key.namespace, key.snapshotter, name) != nil
        }
        if isDone { return }
        // A name of its own: one that was cut off earlier is removed by its intent, and not in the way.
        let scratch = "extract-\(String(UInt64.random(in: .min ... .max), radix: 36)) \(name)"
        let made = try await snapshots.make(
            .active, key.namespace, key.snapshotter, scratch, parent?.description, untilCommit: true)
        do {
            let target = try snapshots.snapshotter(key.snapshotter).layerTarget(made.record.id, parents: made.parents)
            try await BlockingWork.run { [content] () throws(EngineError) in
                try Self.apply(layer, diffID: diffID, to: target, from: content)
            }
            try await snapshots.commit(made, as: name)
        } catch {
            await snapshots.undo(made)
            throw EngineError(wrapping: error).during("unpack", of: "layer \(layer.digest)")
        }
    }

    private static func apply(
        _ layer: Descriptor, diffID: Digest, to target: LayerTarget, from content: LocalContentStore
    ) throws(EngineError) {
        let digester = Digester(try DigestHasher(diffID.algorithm))
        var applier = try LayerApplier(target: target) { digester.update($0) }
        var reader = try content.read(layer.digest)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = try reader.read(into: buffer)
            if count == 0 { break }
            try applier.push(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
        _ = try applier.finish()
        let found = try digester.finish()
        if found != diffID {
            throw EngineError(
                .failedPrecondition,
                message: "its content has the digest \(found), the image's configuration says \(diffID)",
                hint: "the image is damaged: import it again")
        }
    }

    /// A hasher that a closure can write to.
    private final class Digester {
        private var hasher: DigestHasher?

        init(_ hasher: consuming DigestHasher) { self.hasher = consume hasher }

        func update(_ bytes: UnsafeRawBufferPointer) { hasher?.update(bytes) }

        func finish() throws(EngineError) -> Digest {
            guard let hasher = hasher.take() else {
                throw EngineError(.internal, operation: "digest", message: "was finished twice")
            }
            return try hasher.finish()
        }
    }
}
