import Foundation
import SwctrContent
public import SwctrCore
import SwctrMetadata
public import SwctrOCI
import SwctrSnapshots

/// Which images are written to an archive, and what of them.
public struct ExportOptions: Sendable {
    /// Empty: all.
    public var platforms: [Platform]
    /// `manifest.json` too, which `docker load` reads.
    public var writesDockerManifest = true
    public var skipsNonDistributable = false

    public init(platforms: [Platform]) { self.platforms = platforms }
}

extension ImageStore {
    /// Writes images as an OCI archive. The same images always make the same bytes: entries are sorted and bear no times.
    ///
    /// - Parameter sink: takes the archive's bytes, in order.
    /// - Throws: `.notFound` for an image, a platform or content that is not here.
    public func export(
        _ namespace: Namespace, _ names: [String], _ options: ExportOptions,
        sink: @escaping @Sendable ([UInt8]) async throws -> Void
    ) async throws {
        let hold = Hold(pins)
        defer { hold.release() }
        var plan = ExportPlan(content: content, options: options)
        for name in names {
            let record = try await get(namespace, name)
            for digest in try graph.reachable(from: record.target).keys { hold.keep(.blob(digest)) }
            try plan.add(record.name, record.target, graph)
        }
        let finished = plan
        try await BlockingProducer.run({ (put) throws(EngineError) in try finished.write(put) }, consume: sink)
    }
}

/// What goes into an archive.
private struct ExportPlan: Sendable {
    let content: LocalContentStore
    let options: ExportOptions
    private var blobs: [Digest: Int64] = [:]
    private var entries: [Descriptor] = []
    private var docker: [DockerEntry] = []

    private struct DockerEntry: Encodable, Sendable {
        var Config: String
        var RepoTags: [String]
        var Layers: [String]
    }

    init(content: LocalContentStore, options: ExportOptions) {
        self.content = content
        self.options = options
    }

    mutating func add(_ name: String, _ target: Descriptor, _ graph: ImageGraph) throws(EngineError) {
        let offered = try graph.manifests(of: target)
        var manifests: [Descriptor] = []
        if options.platforms.isEmpty || target.mediaType.isManifest {
            manifests = try all(below: target, graph)
        } else {
            for platform in options.platforms {
                guard let best = platform.best(of: offered, platform: { $0.1 }) else {
                    throw EngineError(
                        .notFound, subject: "image \"\(name)\"", message: "not found for platform \(platform)",
                        hint: "choose one that is here with --platform")
                }
                manifests.append(best.0)
            }
        }
        // The index goes along as it is: that what it names is not all there is what indexes are for.
        if target.mediaType.isIndex { try keep(target, name) }
        for manifest in manifests {
            try keep(manifest, name)
            let document = try graph.manifest(manifest)
            try keep(document.config, name)
            var layers: [String] = []
            for layer in document.layers {
                if options.skipsNonDistributable, layer.mediaType.isNonDistributable { continue }
                try keep(layer, name)
                layers.append(Self.path(layer.digest))
            }
            let isHost = Platform.host.best(of: offered, platform: { $0.1 })?.0.digest == manifest.digest
            if document.config.mediaType.isImageConfig, manifests.count == 1 || isHost {
                docker.append(DockerEntry(Config: Self.path(document.config.digest), RepoTags: [name], Layers: layers))
            }
        }
        var entry = target
        let tag = (try? Reference(normalizing: name))?.tag ?? name
        entry.annotations = (target.annotations ?? [:]).merging(
            ["io.containerd.image.name": name, "org.opencontainers.image.ref.name": tag]) { $1 }
        entries.append(entry)
    }

    private mutating func all(below target: Descriptor, _ graph: ImageGraph) throws(EngineError) -> [Descriptor] {
        if target.mediaType.isManifest { return [target] }
        var found: [Descriptor] = []
        for child in try graph.index(target).manifests {
            if child.mediaType.isIndex { blobs[child.digest] = child.size }
            found += try all(below: child, graph)
        }
        return found
    }

    private mutating func keep(_ descriptor: Descriptor, _ name: String) throws(EngineError) {
        guard content.size(of: descriptor.digest) == descriptor.size else {
            throw EngineError(
                .notFound, subject: "content \(descriptor.digest)",
                message: "not found, but image \"\(name)\" needs it",
                hint: "choose a platform that is here with --platform, or pull with --all-platforms")
        }
        blobs[descriptor.digest] = descriptor.size
    }

    private static func path(_ digest: Digest) -> String { "blobs/\(digest.algorithm.rawValue)/\(digest.hex)" }

    /// Blocks the thread.
    func write(_ sink: ([UInt8]) throws(EngineError) -> Void) throws(EngineError) {
        try withoutActuallyEscaping(sink) { (sink) throws(EngineError) in
            let collector = PieceCollector(sink)
            var tar = TarWriter { (bytes) throws(EngineError) in try collector.add(bytes) }
            try write(to: &tar)
            try collector.flush()
        }
    }

    private func write(to tar: inout TarWriter) throws(EngineError) {
        for folder in ["blobs/"] + Set(blobs.keys.map { "blobs/\($0.algorithm.rawValue)/" }).sorted() {
            var entry = TarEntry()
            entry.kind = .directory
            entry.path = Array(folder.utf8)
            entry.mode = 0o755
            try tar.begin(entry)
        }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
        defer { buffer.deallocate() }
        for (digest, size) in blobs.sorted(by: { $0.key < $1.key }) {
            var entry = TarEntry()
            entry.path = Array(Self.path(digest).utf8)
            entry.mode = 0o444
            entry.size = size
            try tar.begin(entry)
            var reader = try content.read(digest)
            var left = size
            while left > 0 {
                let count = try reader.read(into: buffer)
                guard count > 0, Int64(count) <= left else {
                    throw EngineError(
                        .dataLoss, subject: "content \(digest)", message: "is not as long as it was",
                        hint: "swctr system check --repair")
                }
                left -= Int64(count)
                try tar.append(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
        }
        try tar.file("index.json", try encoded(Index(mediaType: .ociIndex, manifests: entries)))
        if options.writesDockerManifest, !docker.isEmpty { try tar.file("manifest.json", try encoded(docker)) }
        try tar.file("oci-layout", Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8))
        try tar.finish()
    }

    private func encoded(_ value: some Encodable) throws(EngineError) -> [UInt8] {
        do { return [UInt8](try ImageGraph.encoder.encode(value)) } catch {
            throw EngineError(.internal, operation: "export", message: "cannot be encoded", causes: ["\(error)"])
        }
    }
}
