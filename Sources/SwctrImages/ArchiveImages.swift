import Foundation
import SwctrContent
import SwctrCore
import SwctrOCI

/// Which images an archive holds, and under which names.
struct ArchiveImages: Sendable {
    struct Named: Sendable {
        var name: String
        var target: Descriptor
    }

    var named: [Named] = []

    /// Reads `index.json` of an OCI layout, or `manifest.json` of `docker save`; where there are both, as in newer
    /// archives of Docker, the index says more.
    init(
        _ archive: ArchiveContents, _ options: ImportOptions, _ naming: ImportOptions.Naming,
        content: LocalContentStore, hold: Hold
    ) throws(EngineError) {
        if let bytes = archive.documents["index.json"] {
            try readIndex(bytes, options, naming, content, hold)
        } else if let bytes = archive.documents["manifest.json"] {
            try readDockerManifest(bytes, archive, options, naming, content, hold)
        } else {
            throw EngineError(
                .invalidArgument, subject: "archive", message: "holds neither index.json nor manifest.json",
                hint: "it must be an OCI image layout, or what docker save writes")
        }
    }

    private mutating func readIndex(
        _ bytes: [UInt8], _ options: ImportOptions, _ naming: ImportOptions.Naming, _ content: LocalContentStore,
        _ hold: Hold
    ) throws(EngineError) {
        let index: Index = try ImageGraph.decode(bytes, "index.json")
        if !options.indexName.isEmpty {
            let digest = try content.store(bytes) { hold.keep(.blob($0)) }
            named.append(
                Named(
                    name: options.indexName,
                    target: Descriptor(mediaType: .ociIndex, digest: digest, size: Int64(bytes.count))))
        }
        for entry in index.manifests where entry.mediaType.isManifest || entry.mediaType.isIndex {
            let annotations = entry.annotations ?? [:]
            let given =
                annotations["io.containerd.image.name"] ?? annotations["org.opencontainers.image.ref.name"] ?? ""
            let name = given.isEmpty ? nil : naming.full(given)
            try add(entry, name: name, isAnonymous: given.isEmpty, options, naming)
        }
    }

    private mutating func add(
        _ target: Descriptor, name: String?, isAnonymous: Bool, _ options: ImportOptions, _ naming: ImportOptions.Naming
    ) throws(EngineError) {
        // What carries no name at all would otherwise be taken in and never be seen.
        let byDigest = options.namesDigests || isAnonymous
        for name in [name, byDigest ? naming.digestName(target.digest) : nil] {
            guard let name else { continue }
            try Reference.checkImageName(name)
            named.append(Named(name: name, target: target))
        }
    }

    /// One image of `docker save`.
    private struct DockerEntry: Decodable {
        var config: String
        var repoTags: [String]?
        var layers: [String]?

        private enum CodingKeys: String, CodingKey {
            case config = "Config"
            case repoTags = "RepoTags"
            case layers = "Layers"
        }
    }

    private mutating func readDockerManifest(
        _ bytes: [UInt8], _ archive: ArchiveContents, _ options: ImportOptions, _ naming: ImportOptions.Naming,
        _ content: LocalContentStore, _ hold: Hold
    ) throws(EngineError) {
        let entries: [DockerEntry] = try ImageGraph.decode(bytes, "manifest.json")
        for entry in entries {
            let config = try archive.blob(entry.config)
            var layers: [Descriptor] = []
            for path in entry.layers ?? [] {
                let layer = try archive.blob(path)
                let isGzip = try content.startsWithGzip(layer.digest)
                layers.append(
                    Descriptor(
                        mediaType: isGzip ? .dockerLayerGzip : .dockerLayer, digest: layer.digest, size: layer.size))
            }
            let manifest = Manifest(
                mediaType: .dockerManifest,
                config: Descriptor(mediaType: .dockerConfig, digest: config.digest, size: config.size), layers: layers)
            let document: Data
            do { document = try ImageGraph.encoder.encode(manifest) } catch {
                throw EngineError(.internal, subject: "manifest", message: "cannot be encoded", causes: ["\(error)"])
            }
            let digest = try content.store([UInt8](document)) { hold.keep(.blob($0)) }
            var target = Descriptor(mediaType: .dockerManifest, digest: digest, size: Int64(document.count))
            target.platform = try ImageGraph(content: content).config(manifest.config).platform
            let tags = entry.repoTags ?? []
            for tag in tags {
                try add(
                    target, name: naming.full(try Reference(normalizing: tag).description), isAnonymous: false, options,
                    naming)
            }
            if tags.isEmpty { try add(target, name: nil, isAnonymous: true, options, naming) }
        }
    }
}

extension ImageGraph {
    /// Sorted keys: the same archive gives the same manifest, and so the same digest.
    static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }
}

extension LocalContentStore {
    /// Whether a blob begins with gzip's magic number.
    func startsWithGzip(_ digest: Digest) throws(EngineError) -> Bool {
        var reader = try read(digest)
        var magic: [UInt8] = [0, 0]
        var failure: EngineError?
        let count = magic.withUnsafeMutableBytes { buffer in
            do throws(EngineError) { return try reader.read(into: buffer) } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        return count == 2 && magic == [0x1f, 0x8b]
    }
}
