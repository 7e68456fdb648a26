import Foundation
import SwctrContent
public import SwctrCore
import SwctrLinux
public import SwctrMetadata
public import SwctrOCI
public import SwctrSnapshots

/// How an image is made anew.
public struct ConvertOptions: Sendable {
    /// OCI's media types instead of Docker's.
    public var usesOCITypes = false
    /// Of layers; nil: as it is.
    public var compression: Decompressor.Format?
    /// Empty: all that are here.
    public var platforms: [Platform]

    public init(platforms: [Platform]) { self.platforms = platforms }
}

extension ImageStore {
    /// Makes an image anew, of the same files, and names it. Nothing of the source changes.
    ///
    /// - Throws: `.notFound` for the source, a platform or content that is not here; `.invalidArgument` for a layer that
    ///   cannot be read.
    public func convert(
        _ namespace: Namespace, _ source: String, to target: String, _ options: ConvertOptions
    ) async throws -> ImageRecord {
        _ = try Reference(target)
        let record = try await get(namespace, source)
        let hold = Hold(pins)
        defer { hold.release() }
        for digest in try graph.reachable(from: record.target).keys { hold.keep(.blob(digest)) }
        let work = Conversion(content: content, graph: graph, options: options, hold: hold)
        let converted = try await work.convert(record.target, name: record.name)
        return try await name([NamedTarget(name: target, target: converted, labels: record.labels)], in: namespace)[0]
    }
}

private struct Conversion: Sendable {
    let content: LocalContentStore
    let graph: ImageGraph
    let options: ConvertOptions
    let hold: Hold

    func convert(_ target: Descriptor, name: String) async throws -> Descriptor {
        if target.mediaType.isManifest { return try await manifest(target) }
        let offered = try graph.manifests(of: target)
        var wanted = offered.map(\.0)
        if !options.platforms.isEmpty {
            wanted = []
            for platform in options.platforms {
                guard let best = platform.best(of: offered, platform: { $0.1 }) else {
                    throw EngineError(
                        .notFound, subject: "image \"\(name)\"", message: "not found for platform \(platform)",
                        hint: "choose one that is here with --platform")
                }
                wanted.append(best.0)
            }
        }
        var index = try graph.index(target)
        index.mediaType = options.usesOCITypes ? .ociIndex : index.mediaType ?? target.mediaType
        index.manifests = []
        for child in wanted {
            var made = try await manifest(child)
            made.platform = child.platform
            made.annotations = child.annotations
            index.manifests.append(made)
        }
        return try store(index, index.mediaType ?? .ociIndex)
    }

    private func manifest(_ descriptor: Descriptor) async throws -> Descriptor {
        var manifest = try graph.manifest(descriptor)
        if options.usesOCITypes, manifest.config.mediaType == .dockerConfig { manifest.config.mediaType = .ociConfig }
        // Types of one family: a zstd layer exists in OCI's only.
        let isOCI = options.usesOCITypes || descriptor.mediaType == .ociManifest || options.compression == .zstd
        if isOCI, manifest.config.mediaType == .dockerConfig { manifest.config.mediaType = .ociConfig }
        manifest.mediaType = isOCI ? .ociManifest : manifest.mediaType ?? descriptor.mediaType
        var layers: [Descriptor] = []
        for layer in manifest.layers { layers.append(try await self.layer(layer, isOCI: isOCI)) }
        manifest.layers = layers
        return try store(manifest, manifest.mediaType ?? .ociManifest)
    }

    private func layer(_ layer: Descriptor, isOCI: Bool) async throws -> Descriptor {
        guard layer.mediaType.isLayer else { return layer }
        let magic = try content.bytes(of: layer.digest, upTo: 4)
        let now = Decompressor.Format(magic: magic)
        let wanted = options.compression ?? now
        var made = layer
        made.mediaType = Self.type(wanted, isOCI: isOCI)
        if wanted == now { return made }
        let (digest, size) = try await BlockingWork.run { () throws(EngineError) in try recompress(layer, wanted) }
        made.digest = digest
        made.size = size
        made.urls = nil
        return made
    }

    private static func type(_ format: Decompressor.Format, isOCI: Bool) -> MediaType {
        switch format {
        case .none: isOCI ? .ociLayer : .dockerLayer
        case .gzip: isOCI ? .ociLayerGzip : .dockerLayerGzip
        case .zstd: .ociLayerZstd
        }
    }

    private func recompress(
        _ layer: Descriptor, _ format: Decompressor.Format
    ) throws(EngineError) -> (digest: Digest, size: Int64) {
        let sink = try RecompressionSink(format, content)
        var decompressor = Decompressor()
        var reader = try content.read(layer.digest)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = try reader.read(into: buffer)
            if count == 0 { break }
            try decompressor.push(UnsafeRawBufferPointer(rebasing: buffer[..<count])) { (bytes) throws(EngineError) in
                try sink.push(bytes)
            }
        }
        try decompressor.finish { (bytes) throws(EngineError) in try sink.push(bytes) }
        return try sink.finish { [hold] in hold.keep(.blob($0)) }
    }

    private func store(_ document: some Encodable, _ type: MediaType) throws -> Descriptor {
        let bytes = [UInt8](try ImageGraph.encoder.encode(document))
        let digest = try content.store(bytes) { [hold] in hold.keep(.blob($0)) }
        return Descriptor(mediaType: type, digest: digest, size: Int64(bytes.count))
    }
}

/// Compresses into the content store.
private final class RecompressionSink {
    private var compressor: Compressor?
    private var writer: ContentWriter?

    init(_ format: Decompressor.Format, _ content: LocalContentStore) throws(EngineError) {
        compressor = try Compressor(format)
        writer = try content.ingest()
    }

    func push(_ bytes: UnsafeRawBufferPointer) throws(EngineError) {
        try compressor?.push(bytes) { (out) throws(EngineError) in try self.writer?.append(out) }
    }

    func finish(announce: (Digest) -> Void) throws(EngineError) -> (digest: Digest, size: Int64) {
        try compressor?.finish { (out) throws(EngineError) in try self.writer?.append(out) }
        guard let writer = writer.take() else {
            throw EngineError(.internal, operation: "convert", message: "was finished twice")
        }
        return try writer.commit(announce: announce)
    }
}

extension LocalContentStore {
    /// The first bytes of a blob.
    fileprivate func bytes(of digest: Digest, upTo limit: Int) throws(EngineError) -> [UInt8] {
        var reader = try read(digest)
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = try bytes.withUnsafeMutableBufferPointer { (buffer) throws(EngineError) in
            try reader.read(into: UnsafeMutableRawBufferPointer(buffer))
        }
        return Array(bytes[..<count])
    }
}
