import Foundation
import SwctrContent
public import SwctrCore
public import SwctrMetadata
import SwctrOCI
import SwctrSnapshots

extension ImageStore {
    /// Takes an archive in: an OCI image layout, or what `docker save` writes, as a tar stream.
    ///
    /// Every blob is verified before it is visible; names are set at the end, all at once, after everything that they
    /// need is here. What is left of an import that fails is collected.
    ///
    /// - Parameters:
    ///   - feed: pushes the archive's bytes into the reader, in order.
    ///   - onProgress: called for each blob and each layer.
    /// - Returns: the images that are named now.
    /// - Throws: `.invalidArgument` for what is no archive, or a damaged one; `.notFound` for content it lacks.
    public func importArchive(
        _ namespace: Namespace, options: ImportOptions,
        feed: @escaping @Sendable (ArchiveReader) async throws -> Void,
        onProgress: @escaping @Sendable (ImportProgress) async -> Void
    ) async throws -> [ImageRecord] {
        do {
            let (records, hasRest) = try await gate.shared { [self] in
                let reader = ArchiveReader(content: content)
                try await feed(reader)
                return try await takeIn(try await reader.finish(), namespace, options, onProgress)
            }
            if hasRest { collectLater() }
            return records
        } catch {
            collectLater()
            throw error
        }
    }

    private func takeIn(
        _ archive: ArchiveContents, _ namespace: Namespace, _ options: ImportOptions,
        _ onProgress: @escaping @Sendable (ImportProgress) async -> Void
    ) async throws -> ([ImageRecord], hasRest: Bool) {
        for blob in archive.blobs.values.sorted(by: { $0.digest < $1.digest }) {
            await onProgress(.blob(blob.digest, size: blob.size))
        }
        let images = try ArchiveImages(archive, options, .init(options, today: Date()), content: content)
        guard !images.named.isEmpty else {
            throw EngineError(
                .notFound, subject: "archive", message: "no image in it matches",
                hint: options.baseName.isEmpty ? "" : "names must begin with \(options.baseName)")
        }
        var reachable: [Digest: Int64] = [:]
        var resolved: [ResolvedImage] = []
        for image in images.named {
            reachable.merge(try graph.reachable(from: image.target)) { $1 }
            resolved += try resolve(image, options)
        }
        for image in resolved { try checkComplete(image) }
        if options.unpack {
            for image in resolved { try await unpack(image, namespace, options, onProgress) }
        }
        let records = try await name(images.named, reachable, in: namespace)
        // docker save writes files beside the images, which are blobs that nobody needs now.
        return (records, archive.blobs.values.contains { reachable[$0.digest] == nil })
    }

    /// The archive's images for the wanted platform, or for all that it brings.
    private func resolve(
        _ image: ArchiveImages.Named, _ options: ImportOptions
    ) throws(EngineError) -> [ResolvedImage] {
        if let platform = options.platform { return [try graph.resolve(image.name, image.target, platform: platform)] }
        var all: [ResolvedImage] = []
        for (manifest, platform) in try graph.manifests(of: image.target) {
            all.append(try graph.resolve(image.name, manifest, platform: platform))
        }
        return all
    }

    private func checkComplete(_ image: ResolvedImage) throws(EngineError) {
        for layer in image.layers where !content.contains(layer.digest) {
            throw EngineError(
                .notFound, subject: "image \"\(image.name)\"",
                message: "layer \(layer.digest) is missing from the archive")
        }
    }

    private func unpack(
        _ image: ResolvedImage, _ namespace: Namespace, _ options: ImportOptions,
        _ onProgress: @escaping @Sendable (ImportProgress) async -> Void
    ) async throws {
        try await metadata.write { try $0.ensureNamespace(namespace) }
        let count = image.layers.count
        try await unpacker.unpack(
            namespace: namespace, layers: Array(zip(image.layers, image.config.rootfs.diffIDs)),
            snapshotter: options.snapshotter
        ) { number, digest in
            await onProgress(.unpacked(digest, number: number, of: count))
        }
    }

    private func name(
        _ images: [ArchiveImages.Named], _ reachable: [Digest: Int64], in namespace: Namespace
    ) async throws -> [ImageRecord] {
        let now = Date()
        let (records, events) = try await metadata.write { tx -> ([ImageRecord], [ImageEvent]) in
            try tx.ensureNamespace(namespace)
            for (digest, size) in reachable where try tx.content(namespace, digest) == nil {
                try tx.addContent(ContentRecord(namespace: namespace, digest: digest, size: size, createdAt: now))
            }
            var records: [ImageRecord] = []
            var events: [ImageEvent] = []
            for image in images {
                let old = try tx.image(namespace, image.name)
                let record = ImageRecord(
                    namespace: namespace, name: image.name, digest: image.target.digest,
                    mediaType: image.target.mediaType.rawValue, size: image.target.size, labels: old?.labels ?? [:],
                    createdAt: old?.createdAt ?? now, updatedAt: now)
                try tx.upsertImage(record)
                records.append(record)
                events.append(old == nil ? .created(image.name) : .updated(image.name))
            }
            return (records, events)
        }
        for event in events { await notify(namespace, event) }
        await publishIndex()
        return records
    }
}
