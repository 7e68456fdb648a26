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

    func index(_ descriptor: Descriptor) throws(EngineError) -> Index { try document(descriptor, "index") }
    func manifest(_ descriptor: Descriptor) throws(EngineError) -> Manifest { try document(descriptor, "manifest") }
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
    func reachable(from target: Descriptor) throws(EngineError) -> [Digest: Int64] {
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
                queue += ([manifest.config] + manifest.layers).map { ($0, depth + 1) }
            }
        }
        return found
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
        let manifest = try manifest(descriptor)
        let config = try config(manifest.config)
        let diffIDs = config.rootfs.diffIDs
        guard diffIDs.count == manifest.layers.count else {
            throw EngineError(
                .invalidArgument, subject: "image \"\(name)\"",
                message: "its manifest has \(manifest.layers.count) layers, its configuration \(diffIDs.count)")
        }
        return ResolvedImage(
            name: name, target: target, manifest: descriptor, layers: manifest.layers, config: config,
            chainID: try ChainID.all(of: diffIDs).last)
    }
}
