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
        let hold = Hold(pins)
        defer { hold.release() }
        do {
            let reader = ArchiveReader(content: content, hold: hold)
            try await feed(reader)
            let (records, hasRest) = try await takeIn(try await reader.finish(), namespace, options, hold, onProgress)
            if hasRest { collectSoon() }
            return records
        } catch {
            collectSoon()
            throw error
        }
    }

    private func takeIn(
        _ archive: ArchiveContents, _ namespace: Namespace, _ options: ImportOptions, _ hold: Hold,
        _ onProgress: @escaping @Sendable (ImportProgress) async -> Void
    ) async throws -> ([ImageRecord], hasRest: Bool) {
        for blob in archive.blobs.values.sorted(by: { $0.digest < $1.digest }) {
            await onProgress(.blob(blob.digest, size: blob.size))
        }
        let images = try ArchiveImages(archive, options, .init(options, today: Date()), content: content, hold: hold)
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
        // Some of it may have been here before, and nobody's but ours now.
        for digest in reachable.keys { hold.keep(.blob(digest)) }
        for image in resolved { try checkComplete(image) }
        if options.unpack {
            try await metadata.write { try $0.ensureNamespace(namespace) }
            for image in resolved { try await unpack(image, namespace, options.snapshotter, hold, onProgress) }
        }
        let records = try await name(
            images.named.map { NamedTarget(name: $0.name, target: $0.target) }, in: namespace,
            unpacked: options.unpack ? options.snapshotter : nil)
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
}
