import Foundation
import Glibc
import SwctrContent
public import SwctrCore
import SwctrLinux
import SwctrMetadata
public import SwctrOCI
import SwctrSnapshots
import Synchronization

extension ImageStore {
    /// Writes down as a layer what a snapshot changes of another.
    ///
    /// - Parameters:
    ///   - other: the snapshot to compare with; empty: its parent.
    ///   - mediaType: of the layer; its compression is in it.
    ///   - labels: keep the layer in the content store, with these; nil: do not keep it.
    ///   - sink: takes the layer's bytes, in order.
    /// - Returns: the layer's descriptor.
    public func diff(
        _ namespace: Namespace, snapshotter: String, key: String, other: String, mediaType: MediaType, labels: Labels?,
        sink: @escaping @Sendable ([UInt8]) async throws -> Void
    ) async throws -> Descriptor {
        let format = try Self.compression(of: mediaType)
        let record = try await snapshots.stat(namespace, snapshotter: snapshotter, key: key)
        let below = other.isEmpty ? record.parent ?? "" : other
        let upper = try await readMounts(namespace, snapshotter, key)
        let lower = below.isEmpty ? [] : try await readMounts(namespace, snapshotter, below)
        let hold = Hold(pins)
        defer { hold.release() }
        let result = Written()
        try await BlockingProducer.run(
            { [scratch, content] (put) throws(EngineError) in
                try MountedTree.with(upper, below: scratch) { (upperPath) throws(EngineError) in
                    try MountedTree.with(lower, below: scratch) { (lowerPath) throws(EngineError) in
                        try withoutActuallyEscaping(put) { (put) throws(EngineError) in
                            let pieces = PieceCollector(put)
                            let layer = try LayerSink(
                                format, store: labels == nil ? nil : content, pieces: pieces)
                            try TreeDiff.write(from: lowerPath, to: upperPath ?? "") { (bytes) throws(EngineError) in
                                try layer.push(bytes)
                            }
                            let made = try layer.finish { hold.keep(.blob($0)) }
                            try pieces.flush()
                            result.set(made)
                        }
                    }
                }
            }, consume: sink)
        let (digest, size) = try result.get()
        if let labels {
            try await metadata.write { tx in
                try tx.addContent(ContentRecord(namespace: namespace, digest: digest, size: size, labels: labels))
            }
        }
        return Descriptor(mediaType: mediaType, digest: digest, size: size)
    }

    static func compression(of mediaType: MediaType) throws(EngineError) -> Decompressor.Format {
        switch mediaType {
        case .ociLayer, .dockerLayer: return .none
        case .ociLayerGzip, .dockerLayerGzip: return .gzip
        case .ociLayerZstd: return .zstd
        default:
            throw EngineError(
                .invalidArgument, subject: "media type \"\(mediaType)\"", message: "is no layer that can be made")
        }
    }

    /// How a snapshot can be looked at, whatever its kind.
    private func readMounts(_ namespace: Namespace, _ snapshotter: String, _ key: String) async throws -> [Mount] {
        let driver = try snapshots.snapshotter(snapshotter)
        let (record, ids) = try await metadata.read { tx in
            guard let record = try tx.snapshot(namespace, snapshotter, key) else { throw SnapshotStore.missing(key) }
            return (record, try tx.ancestors(of: record).map(\.id))
        }
        // A committed one is seen through a view that nobody has to make: its own tree is the first one beneath.
        return record.kind == .active
            ? try driver.mounts(record.id, parents: ids, readOnly: false)
            : try driver.mounts(
                record.id, parents: record.kind == .committed ? [record.id] + ids : ids, readOnly: true)
    }

    /// What a producer's thread leaves for the task.
    private final class Written: Sendable {
        private let value = Mutex<(digest: Digest, size: Int64)?>(nil)
        func set(_ made: (digest: Digest, size: Int64)) { value.withLock { $0 = made } }
        func get() throws(EngineError) -> (digest: Digest, size: Int64) {
            guard let made = value.withLock({ $0 }) else {
                throw EngineError(.internal, operation: "diff", message: "nothing was written")
            }
            return made
        }
    }
}

/// Compresses, digests, hands on, and stores if that is wanted.
private final class LayerSink {
    private var compressor: Compressor?
    private var hasher: DigestHasher?
    private var writer: ContentWriter?
    private var size: Int64 = 0
    private let pieces: PieceCollector

    init(_ format: Decompressor.Format, store: LocalContentStore?, pieces: PieceCollector) throws(EngineError) {
        self.pieces = pieces
        compressor = try Compressor(format)
        hasher = try DigestHasher()
        if let store { writer = try store.ingest() }
    }

    func push(_ bytes: UnsafeRawBufferPointer) throws(EngineError) {
        try compressor?.push(bytes) { (out) throws(EngineError) in try self.put(out) }
    }

    func finish(announce: (Digest) -> Void) throws(EngineError) -> (digest: Digest, size: Int64) {
        try compressor?.finish { (out) throws(EngineError) in try self.put(out) }
        guard let hasher = hasher.take() else {
            throw EngineError(.internal, operation: "diff", message: "was finished twice")
        }
        let digest = try hasher.finish()
        if let writer = writer.take() { _ = try writer.commit(expecting: digest, size: size, announce: announce) }
        return (digest, size)
    }

    private func put(_ bytes: UnsafeRawBufferPointer) throws(EngineError) {
        size += Int64(bytes.count)
        hasher?.update(bytes)
        try writer?.append(bytes)
        try pieces.add(bytes)
    }
}
