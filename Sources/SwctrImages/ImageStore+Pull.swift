import Foundation
import SwctrContent
public import SwctrCore
import SwctrHTTP
import SwctrLinux
public import SwctrMetadata
import SwctrOCI
import SwctrRegistry

extension ImageStore {
    /// Brings an image from a registry: its documents, its layers, and those unpacked while they come.
    ///
    /// Everything is verified before it is visible, and the name is set at the end. What a pull that was cut off has
    /// brought stays for the next one. A second pull of the same joins the first.
    ///
    /// - Parameters:
    ///   - board: shows how far it is; a joined pull shows the first one's board to `watch`.
    ///   - watch: runs beside the pull with the board that tells of it.
    /// - Throws: `.notFound`, `.unauthenticated`, `.permissionDenied`, `.unavailable`, `.deadlineExceeded`, `.dataLoss`.
    public func pull(
        _ namespace: Namespace, _ request: PullRequest, board: TransferBoard,
        watch: @escaping @Sendable (TransferBoard) async throws -> Void
    ) async throws -> ImageRecord {
        _ = try snapshots.snapshotter(request.snapshotter)
        let key = request.key(in: namespace)
        let shared = try await pulls.join(key, board: board) { [self] board, cancellation in
            try await perform(namespace, request, board, cancellation)
        }
        do {
            try await watch(shared.board)
            try Task.checkCancellation()
            let record = try await shared.task.value
            await pulls.leave(key, shared)
            return record
        } catch {
            await pulls.leave(key, shared)
            throw error
        }
    }

    private func perform(
        _ namespace: Namespace, _ request: PullRequest, _ board: TransferBoard, _ cancellation: Cancellation
    ) async throws -> ImageRecord {
        let hold = Hold(pins)
        defer { hold.release() }
        do {
            let repository = try Repository(request.reference, request.registry)
            let fetcher = BlobFetcher(content: content, repository: repository)
            let provider = BlobProvider(
                content: content, fetcher: fetcher, register: fetches, hold: hold, board: board,
                cancellation: cancellation)
            let pull = PullWork(request: request, provider: provider, repository: repository, graph: graph)
            let target = try await pull.resolve()
            let wanted = try await pull.fetchDocuments(target)
            if !request.metadataOnly { try await fetchLayers(wanted, pull, namespace) }
            let records = try await name(
                [NamedTarget(name: request.reference.description, target: target, labels: request.labels)],
                in: namespace,
                unpacked: request.unpacks && !request.metadataOnly ? request.snapshotter : nil,
                source: (request.reference.domain, request.reference.path))
            return records[0]
        } catch {
            collectSoon()
            throw error
        }
    }

    private func fetchLayers(_ wanted: [Descriptor], _ pull: PullWork, _ namespace: Namespace) async throws {
        let request = pull.request
        let slots = Slots(request.concurrency > 0 ? min(request.concurrency, 64) : Self.layersAtOnce)
        try await metadata.write { try $0.ensureNamespace(namespace) }
        for manifest in wanted {
            let document = try graph.manifest(manifest)
            for layer in document.layers {
                pull.provider.board?.set(TransferStatus(kind: "layer", digest: layer.digest, total: layer.size))
            }
            // An artifact has no file tree: its parts are fetched and left as they are.
            let isImage = document.config.mediaType.isImageConfig
            if request.unpacks, isImage, document.layers.allSatisfy(\.mediaType.isLayer) {
                let image = try graph.resolve(request.reference.description, manifest, document: document)
                try await unpacker.unpack(
                    try Self.layers(of: image),
                    .init(
                        namespace: namespace, snapshotter: request.snapshotter, provider: pull.provider, slots: slots)
                ) { _, _ in }
            } else {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for layer in document.layers {
                        group.addTask { try await slots.with { try await pull.provider.provide(layer, kind: "layer") } }
                    }
                    do { try await group.waitForAll() } catch {
                        pull.provider.cancellation?.cancel()
                        throw error
                    }
                }
            }
        }
    }
}

/// The steps of one pull before its layers.
struct PullWork: Sendable {
    let request: PullRequest
    let provider: BlobProvider
    let repository: Repository
    let graph: ImageGraph

    /// What the reference stands for; the document is in the store.
    func resolve() async throws -> Descriptor {
        guard let cancellation = provider.cancellation else { throw CancellationError() }
        let (target, bytes) = try await BlockingWork.run { () throws(EngineError) in
            try repository.resolve(cancellation)
        }
        guard target.mediaType.isIndex || target.mediaType.isManifest else {
            throw EngineError(
                .unimplemented, subject: "image \"\(request.reference)\"",
                message: "is of a type that is not known: \(target.mediaType)")
        }
        try await document(target, kind: target.mediaType.isIndex ? "index" : "manifest", bytes: bytes)
        return target
    }

    /// Fetches a manifest or an index into the store.
    private func document(_ descriptor: Descriptor, kind: String, bytes: [UInt8]? = nil) async throws {
        provider.hold.keep(.blob(descriptor.digest))
        var status = TransferStatus(kind: kind, digest: descriptor.digest, phase: .exists, total: descriptor.size)
        if provider.content.size(of: descriptor.digest) == descriptor.size {
            status.offset = descriptor.size
            provider.board?.set(status)
            return
        }
        guard let cancellation = provider.cancellation else { throw CancellationError() }
        status.phase = .downloading
        provider.board?.set(status)
        try await BlockingWork.run { () throws(EngineError) in
            let found: [UInt8]
            if let bytes { found = bytes } else { found = try repository.manifest(descriptor, cancellation) }
            try provider.content.store(found, expecting: descriptor.digest)
        }
        provider.board?.set(descriptor.digest, .done)
    }

    /// Fetches what is below the target, but no layers.
    ///
    /// - Returns: the manifests whose layers are wanted.
    func fetchDocuments(_ target: Descriptor) async throws -> [Descriptor] {
        if target.mediaType.isManifest {
            try await config(of: target)
            return [target]
        }
        var manifests: [Descriptor] = []
        try await collect(target, depth: 0, into: &manifests)
        let wanted = try choose(manifests)
        for manifest in manifests where request.allMetadata || wanted.contains(manifest) {
            try await document(manifest, kind: "manifest")
            try await config(of: manifest)
        }
        return wanted
    }

    private func collect(_ index: Descriptor, depth: Int, into manifests: inout [Descriptor]) async throws {
        if depth > 8 {
            throw EngineError(.invalidArgument, subject: "index \(index.digest)", message: "is nested too deeply")
        }
        for child in try graph.index(index).manifests {
            if child.mediaType.isIndex {
                try await document(child, kind: "index")
                try await collect(child, depth: depth + 1, into: &manifests)
            } else if child.mediaType.isManifest {
                manifests.append(child)
            }
        }
        if manifests.count > 4096 {
            throw EngineError(.resourceExhausted, subject: "index \(index.digest)", message: "names too many manifests")
        }
    }

    /// The manifests for the wanted platforms, the best one for each.
    private func choose(_ manifests: [Descriptor]) throws(EngineError) -> [Descriptor] {
        let images = manifests.filter { $0.platform?.os != "unknown" }
        if request.platforms.isEmpty { return images }
        var wanted: [Descriptor] = []
        for platform in request.platforms {
            guard let best = platform.best(of: images, platform: \.platform) else {
                let list = Set(images.compactMap { $0.platform?.description }).sorted().joined(separator: ", ")
                throw EngineError(
                    .notFound, subject: "image \"\(request.reference)\"",
                    message: "not found for platform \(platform)" + (list.isEmpty ? "" : ", there is \(list)"),
                    hint: "choose one with --platform")
            }
            if !wanted.contains(best) { wanted.append(best) }
        }
        return wanted
    }

    private func config(of manifest: Descriptor) async throws {
        let config = try graph.manifest(manifest).config
        if config.size > Int64(ImageGraph.documentLimit), config.mediaType.isImageConfig {
            throw EngineError(
                .resourceExhausted, subject: "configuration \(config.digest)",
                message: "is \(config.size) bytes long, at most \(ImageGraph.documentLimit) are read")
        }
        try await provider.provide(config, kind: "config")
    }
}
