import Foundation
import SwctrContent
import SwctrCore
import SwctrOCI

/// Reads the documents that descriptors point at, and what those point at in turn.
struct ImageGraph: Sendable {
    let content: LocalContentStore

    /// Bytes of a manifest, index or configuration; a larger one is nobody's honest work.
    static let documentLimit = 8 << 20
    /// Indexes within indexes: more is a loop or an attack.
    private static let depthLimit = 8

    /// Manifests that an index may name, and layers that a manifest may have: far more than any real one has.
    private static let childLimit = 4096

    func index(_ descriptor: Descriptor) throws(EngineError) -> Index {
        let index: Index = try document(descriptor, "index")
        try check(descriptor, index.manifests.count, mediaType: index.mediaType)
        return index
    }

    func manifest(_ descriptor: Descriptor) throws(EngineError) -> Manifest {
        let manifest: Manifest = try document(descriptor, "manifest")
        try check(descriptor, manifest.layers.count, mediaType: manifest.mediaType)
        return manifest
    }

    /// One set of bytes must not be an index to one reader and a manifest to another (CVE-2021-41190).
    private func check(_ descriptor: Descriptor, _ children: Int, mediaType: MediaType?) throws(EngineError) {
        let subject = "manifest \(descriptor.digest)"
        if children > Self.childLimit {
            throw EngineError(
                .resourceExhausted, subject: subject,
                message: "names \(children) parts, at most \(Self.childLimit) are allowed")
        }
        if let mediaType, mediaType != descriptor.mediaType, mediaType.isIndex != descriptor.mediaType.isIndex {
            throw EngineError(
                .invalidArgument, subject: subject,
                message: "says that it is \(mediaType), but is referred to as \(descriptor.mediaType)")
        }
        let bytes = try content.bytes(of: descriptor.digest, limit: Self.documentLimit)
        let shape: Shape = try Self.decode(bytes, subject)
        if shape.manifests != nil, shape.config != nil || shape.layers != nil {
            throw EngineError(
                .invalidArgument, subject: subject, message: "is a manifest and an index at once, which is ambiguous")
        }
    }

    /// Whether the keys are there; what they hold does not matter.
    private struct Shape: Decodable {
        var manifests: Anything?
        var config: Anything?
        var layers: Anything?
        struct Anything: Decodable { init(from decoder: any Decoder) {} }
    }

    func config(_ descriptor: Descriptor) throws(EngineError) -> ImageConfig {
        try document(descriptor, "configuration")
    }

    private func document<Document: Decodable>(_ descriptor: Descriptor, _ kind: String) throws(EngineError) -> Document
    {
        let bytes = try content.bytes(of: descriptor.digest, limit: Self.documentLimit)
        return try Self.decode(bytes, "\(kind) \(descriptor.digest)")
    }

    static func decode<Document: Decodable>(_ bytes: [UInt8], _ subject: String) throws(EngineError) -> Document {
        do { return try JSONDecoder().decode(Document.self, from: Data(bytes)) } catch {
            throw EngineError(.invalidArgument, subject: subject, message: "cannot be read", causes: ["\(error)"])
        }
    }

    /// The manifests below `target` that are here, each with its platform; nested indexes are followed. What an index
    /// names for other machines and the archive did not bring is left out, and so is what is for no machine: builders
    /// put attestations beside images as manifests for "unknown/unknown".
    func manifests(of target: Descriptor, depth: Int = 0) throws(EngineError) -> [(Descriptor, Platform)] {
        if depth > Self.depthLimit {
            throw EngineError(.invalidArgument, subject: "index \(target.digest)", message: "is nested too deeply")
        }
        if target.mediaType.isManifest {
            guard content.contains(target.digest) else { return [] }
            if let platform = target.platform { return platform.os == "unknown" ? [] : [(target, platform)] }
            let manifest = try manifest(target)
            guard manifest.config.mediaType.isImageConfig, content.contains(manifest.config.digest) else { return [] }
            return [(target, try config(manifest.config).platform)]
        }
        guard target.mediaType.isIndex, content.contains(target.digest) else { return [] }
        var found: [(Descriptor, Platform)] = []
        for child in try index(target).manifests { found += try manifests(of: child, depth: depth + 1) }
        return found
    }

    /// Everything reachable from `target` that is here, with sizes; what is not here is left out.
    ///
    /// - Parameter layers: decides whether a manifest's layer is followed.
    func reachable(
        from target: Descriptor, layers follows: (_ manifest: Digest, _ layer: Digest) -> Bool = { _, _ in true }
    ) throws(EngineError) -> [Digest: Int64] {
        var found: [Digest: Int64] = [:]
        var queue = [(target, 0)]
        while let (descriptor, depth) = queue.popLast() {
            guard depth <= Self.depthLimit, found[descriptor.digest] == nil,
                let size = content.size(of: descriptor.digest)
            else { continue }
            found[descriptor.digest] = size
            if descriptor.mediaType.isIndex {
                queue += try index(descriptor).manifests.map { ($0, depth + 1) }
            } else if descriptor.mediaType.isManifest {
                let manifest = try manifest(descriptor)
                let layers = manifest.layers.filter { follows(descriptor.digest, $0.digest) }
                queue += ([manifest.config] + layers).map { ($0, depth + 1) }
            }
        }
        return found
    }

    /// What the collector of containerd would read from labels, for each document that is here: what it refers to.
    func labels(of target: Descriptor) throws(EngineError) -> [Digest: Labels] {
        var labels: [Digest: Labels] = [:]
        var queue = [target]
        while let descriptor = queue.popLast() {
            guard labels[descriptor.digest] == nil, content.contains(descriptor.digest) else { continue }
            if descriptor.mediaType.isIndex {
                let children = try index(descriptor).manifests
                labels[descriptor.digest] = Dictionary(
                    uniqueKeysWithValues: children.enumerated().map {
                        ("\(GCLabel.content).m.\($0.offset)", "\($0.element.digest)")
                    })
                queue += children
            } else if descriptor.mediaType.isManifest {
                let manifest = try manifest(descriptor)
                var own = Dictionary(
                    uniqueKeysWithValues: manifest.layers.enumerated().map {
                        ("\(GCLabel.content).l.\($0.offset)", "\($0.element.digest)")
                    })
                own["\(GCLabel.content).config"] = "\(manifest.config.digest)"
                labels[descriptor.digest] = own
            }
        }
        return labels
    }

    /// Makes `target` out for a platform.
    ///
    /// - Throws: `.notFound` that says which platforms there are, or which content is missing.
    func resolve(_ name: String, _ target: Descriptor, platform: Platform) throws(EngineError) -> ResolvedImage {
        let offered = try manifests(of: target)
        guard let (descriptor, _) = platform.best(of: offered, platform: { $0.1 }) else {
            let list = Set(offered.map(\.1.description)).sorted().joined(separator: ", ")
            throw EngineError(
                .notFound, subject: "image \"\(name)\"",
                message: "not found for platform \(platform)" + (list.isEmpty ? "" : ", there is \(list)"),
                hint: list.isEmpty ? "import it again: its manifest is not here" : "choose one with --platform")
        }
        return try resolve(name, descriptor, document: try manifest(descriptor), target: target)
    }

    /// Makes one manifest out.
    func resolve(
        _ name: String, _ descriptor: Descriptor, document manifest: Manifest, target: Descriptor? = nil
    ) throws(EngineError) -> ResolvedImage {
        let config = try config(manifest.config)
        let diffIDs = config.rootfs.diffIDs
        guard diffIDs.count == manifest.layers.count else {
            throw EngineError(
                .invalidArgument, subject: "image \"\(name)\"",
                message: "its manifest has \(manifest.layers.count) layers, its configuration \(diffIDs.count)")
        }
        return ResolvedImage(
            name: name, target: target ?? descriptor, manifest: descriptor, layers: manifest.layers, config: config,
            chainID: try ChainID.all(of: diffIDs).last)
    }
}
