import Foundation
public import Logging
public import SwctrContent
public import SwctrCore
public import SwctrMetadata
public import SwctrOCI
import Synchronization

/// Names, and what they stand for: images of a namespace, their content and their unpacked layers.
public final class ImageStore: Sendable {
    let metadata: MetadataStore
    let content: LocalContentStore
    let unpacker: Unpacker
    let snapshots: SnapshotStore
    let pins = Pins()
    let collections = CollectionQueue()
    let fetches = FetchRegister<Digest>()
    let pulls = PullRegister()
    let indexWriter = IndexWriter()
    let notify: @Sendable (Namespace, ImageEvent) async -> Void
    let log: Logger
    /// For short-lived mounts.
    let scratch: String
    var graph: ImageGraph { ImageGraph(content: content) }

    /// What was made out before, by target and platform: documents never change under a digest.
    private let resolved = Mutex<[ResolutionKey: ResolvedImage]>([:])

    private struct ResolutionKey: Hashable {
        var target: Digest
        var platform: Platform
    }

    /// - Parameters:
    ///   - scratch: a folder of its own for short-lived mounts.
    ///   - notify: told of every image that is created, updated or deleted.
    public init(
        metadata: MetadataStore, content: LocalContentStore, snapshots: SnapshotStore, scratch: String,
        unpacker: Unpacker,
        notify: @escaping @Sendable (Namespace, ImageEvent) async -> Void, log: Logger
    ) {
        self.metadata = metadata
        self.content = content
        self.snapshots = snapshots
        self.unpacker = unpacker
        self.notify = notify
        self.log = log
        self.scratch = scratch
    }

    /// All images of a namespace, by name.
    public func list(_ namespace: Namespace) async throws -> [ImageRecord] {
        try await metadata.read { try $0.images(in: namespace) }
    }

    /// An image by its stored name, or by a short name that stands for it ("busybox" for
    /// "docker.io/library/busybox:latest").
    ///
    /// - Throws: `.notFound` that names it.
    public func get(_ namespace: Namespace, _ name: String) async throws -> ImageRecord {
        let full = (try? Reference(normalizing: name))?.description
        let found = try await metadata.read { tx in
            if let exact = try tx.image(namespace, name) { return exact as ImageRecord? }
            guard let full else { return nil }
            return try tx.image(namespace, full)
        }
        guard let found else {
            throw EngineError(
                .notFound, subject: "image \"\(name)\"", message: "not found",
                hint: "swctr -n \(namespace) images ls shows what is here")
        }
        return found
    }

    /// Platforms for which content is here, and the bytes of all content that is here.
    public func extent(of image: ImageRecord) throws(EngineError) -> (platforms: [Platform], size: Int64) {
        let target = image.target
        let platforms = try graph.manifests(of: target).map(\.1)
        return (platforms, try graph.reachable(from: target).values.reduce(0, +))
    }

    /// Makes an image out for a platform.
    ///
    /// - Parameter platform: "os/arch[/variant]"; nil is the host's.
    /// - Throws: `.notFound` for the image or the platform, `.invalidArgument` for damaged documents.
    public func resolve(_ namespace: Namespace, _ name: String, platform: String?) async throws -> ResolvedImage {
        let platform = try platform.map { text throws(EngineError) in try Platform(text) } ?? .host
        let record = try await get(namespace, name)
        let key = ResolutionKey(target: record.digest, platform: platform)
        if let known = resolved.withLock({ $0[key] }) {
            return ResolvedImage(
                name: record.name, target: known.target, manifest: known.manifest, layers: known.layers,
                config: known.config, chainID: known.chainID)
        }
        let image = try graph.resolve(record.name, record.target, platform: platform)
        resolved.withLock { cache in
            if cache.count >= Self.cacheLimit { cache.removeAll() }
            cache[key] = image
        }
        return image
    }

    private static let cacheLimit = 256

    /// Unpacks what is not unpacked yet, and keeps it from being collected while `body` runs: time to make something
    /// that stands on it. Concurrent calls for the same layers join.
    ///
    /// - Throws: what fetching, decompressing or applying a layer failed with, nothing half-applied stays visible; and
    ///   what `body` throws.
    public func withUnpacked<Value: Sendable>(
        _ image: ResolvedImage, namespace: Namespace, snapshotter: String,
        onProgress: @escaping @Sendable (ImportProgress) async -> Void = { _ in },
        _ body: @Sendable () async throws -> Value
    ) async throws -> Value {
        let hold = Hold(pins)
        defer { hold.release() }
        if let chainID = image.chainID {
            hold.keep(.snapshot(namespace, snapshotter: snapshotter, key: chainID.description))
            let isDone = try await metadata.read { tx in
                try tx.snapshot(namespace, snapshotter, chainID.description)?.kind == .committed
            }
            if !isDone { try await unpack(image, namespace, snapshotter, hold) { _ in } }
        }
        return try await body()
    }

    /// Unpacks what is in the store.
    func unpack(
        _ image: ResolvedImage, _ namespace: Namespace, _ snapshotter: String, _ hold: Hold,
        _ onProgress: @escaping @Sendable (ImportProgress) async -> Void
    ) async throws {
        let provider = BlobProvider(content: content, register: fetches, hold: hold)
        let count = image.layers.count
        try await unpacker.unpack(
            try Self.layers(of: image),
            .init(namespace: namespace, snapshotter: snapshotter, provider: provider, slots: Slots(Self.layersAtOnce))
        ) { number, digest in
            await onProgress(.unpacked(digest, number: number, of: count))
        }
    }

    /// Layers that one pull or import works on at a time, unless it is asked for another number.
    static let layersAtOnce = 3

    /// An image's layers with the names that they have when unpacked.
    static func layers(of image: ResolvedImage) throws(EngineError) -> [Unpacker.Layer] {
        let chain = try ChainID.all(of: image.config.rootfs.diffIDs)
        return image.layers.indices.map { index in
            Unpacker.Layer(
                descriptor: image.layers[index], diffID: image.config.rootfs.diffIDs[index], chainID: chain[index],
                parent: index == 0 ? nil : chain[index - 1])
        }
    }

    /// Takes a name away. What nothing needs any more is collected afterwards; with `sync`, before this returns.
    ///
    /// - Throws: `.notFound`.
    public func delete(_ namespace: Namespace, _ name: String, sync: Bool) async throws {
        let record = try await get(namespace, name)
        guard try await metadata.write({ try $0.deleteImage(namespace, record.name) }) else { return }
        await notify(namespace, .deleted(record.name))
        await publishIndex()
        if sync { try await collect() } else { collectSoon() }
    }
}

extension ImageRecord {
    /// What the name points at.
    public var target: Descriptor { Descriptor(mediaType: MediaType(mediaType), digest: digest, size: size) }
}
