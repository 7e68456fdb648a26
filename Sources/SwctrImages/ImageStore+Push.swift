import SwctrContent
public import SwctrCore
import SwctrHTTP
import SwctrLinux
import SwctrMetadata
public import SwctrOCI
import SwctrRegistry

extension ImageStore {
    /// Brings an image to a registry: what is there already stays, what a sister repository has is mounted, the rest is
    /// uploaded; the documents follow what they refer to.
    ///
    /// - Returns: what the tag stands for now.
    /// - Throws: `.notFound` for an image whose content is not all here; what the registry says.
    public func push(
        _ namespace: Namespace, _ request: PushRequest, board: TransferBoard
    ) async throws -> Descriptor {
        defer { board.finish() }
        let hold = Hold(pins)
        defer { hold.release() }
        var target: Descriptor
        if let manifest = request.manifest {
            target = manifest
        } else {
            target = try await get(namespace, request.image).target
        }
        if let platform = request.platform {
            let offered = try graph.manifests(of: target)
            guard let best = platform.best(of: offered, platform: { $0.1 }) else {
                throw EngineError(
                    .notFound, subject: "image \"\(request.image)\"", message: "not found for platform \(platform)")
            }
            target = best.0
        }
        let parts = try await parts(of: target, request, namespace, hold)
        let cancellation = try Cancellation()
        let work = PushWork(
            repository: try Repository(request.reference, request.registry), content: content, board: board,
            cancellation: cancellation, reference: request.reference)
        return try await withTaskCancellationHandler {
            try await work.push(blobs: parts.blobs, Slots(request.concurrency > 0 ? min(request.concurrency, 64) : 3))
            try await work.push(documents: parts.documents, target: target)
            return target
        } onCancel: {
            cancellation.cancel()
        }
    }

    /// One blob to push, and the repositories of the same registry that have it.
    struct PushPart: Sendable {
        var descriptor: Descriptor
        var kind: String
        var siblings: [String]
    }

    /// Documents come after what they refer to.
    private func parts(
        of target: Descriptor, _ request: PushRequest, _ namespace: Namespace, _ hold: Hold
    ) async throws -> (blobs: [PushPart], documents: [Descriptor]) {
        var blobs: [Descriptor: String] = [:]
        var order: [Descriptor] = []
        var documents: [Descriptor] = []
        try walk(target, depth: 0, hold) { descriptor, kind in
            if kind == "document" {
                if !documents.contains(descriptor) { documents.append(descriptor) }
            } else if blobs.updateValue(kind, forKey: descriptor) == nil {
                order.append(descriptor)
            }
        }
        let key = GCLabel.source + request.reference.domain
        let wanted = order
        let rows = try await metadata.read { tx in
            try wanted.map { try tx.content(namespace, $0.digest)?.labels[key] ?? "" }
        }
        let parts = zip(order, rows).compactMap { descriptor, label -> PushPart? in
            // Layers that their maker lets nobody pass on stay where they are, unless they are asked for.
            if descriptor.mediaType.isNonDistributable, !request.allowsNonDistributable { return nil }
            return PushPart(
                descriptor: descriptor, kind: blobs[descriptor] ?? "layer",
                siblings: label.split(separator: ",").map(String.init))
        }
        return (parts, documents)
    }

    private func walk(
        _ descriptor: Descriptor, depth: Int, _ hold: Hold, _ visit: (Descriptor, String) -> Void
    ) throws(EngineError) {
        hold.keep(.blob(descriptor.digest))
        guard content.size(of: descriptor.digest) == descriptor.size else {
            throw EngineError(
                .notFound, subject: "content \(descriptor.digest)",
                message: "not found: the image is not complete here",
                hint: "push one platform with --platform, or pull the image with --all-platforms")
        }
        if depth > 8 {
            throw EngineError(.invalidArgument, subject: "index \(descriptor.digest)", message: "is nested too deeply")
        }
        if descriptor.mediaType.isIndex {
            for child in try graph.index(descriptor).manifests { try walk(child, depth: depth + 1, hold, visit) }
            visit(descriptor, "document")
        } else if descriptor.mediaType.isManifest {
            let manifest = try graph.manifest(descriptor)
            try walk(manifest.config, depth: depth + 1, hold) { child, _ in visit(child, "config") }
            for layer in manifest.layers {
                if layer.mediaType.isNonDistributable, !content.contains(layer.digest) { continue }
                try walk(layer, depth: depth + 1, hold, visit)
            }
            visit(descriptor, "document")
        } else {
            visit(descriptor, "layer")
        }
    }
}

/// One push, after it is known what is to be pushed.
struct PushWork: Sendable {
    let repository: Repository
    let content: LocalContentStore
    let board: TransferBoard
    let cancellation: Cancellation
    let reference: Reference

    func push(blobs: [ImageStore.PushPart], _ slots: Slots) async throws {
        for part in blobs {
            board.set(TransferStatus(kind: part.kind, digest: part.descriptor.digest, total: part.descriptor.size))
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for part in blobs { group.addTask { try await slots.with { try await push(part) } } }
            do { try await group.waitForAll() } catch {
                cancellation.cancel()
                throw error
            }
        }
    }

    private func push(_ part: ImageStore.PushPart) async throws {
        let digest = part.descriptor.digest
        board.set(digest, .uploading)
        let outcome = try await BlockingWork.run { () throws(EngineError) in
            let source = BlobSource { (offset, count, sink) throws(EngineError) in
                var reader = try content.read(digest)
                try reader.seek(to: offset)
                let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
                defer { buffer.deallocate() }
                var left = count
                while left > 0 {
                    let piece = UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(Int(min(left, 1 << 18))))
                    let got = try reader.read(into: piece)
                    if got == 0 { throw EngineError(.dataLoss, subject: "content \(digest)", message: "is cut short") }
                    left -= Int64(got)
                    try sink(UnsafeRawBufferPointer(rebasing: piece[..<got]))
                    board.advance(digest, to: offset + count - left)
                }
            }
            return try repository.push(part.descriptor, from: source, siblings: part.siblings, cancellation) { offset in
                board.advance(digest, to: offset)
            }
        }
        switch outcome {
        case .existed: board.set(digest, .exists)
        case .mounted: board.set(digest, .mounted)
        case .uploaded: board.set(digest, .done)
        }
    }

    func push(documents: [Descriptor], target: Descriptor) async throws {
        for document in documents {
            let kind = document.mediaType.isIndex ? "index" : "manifest"
            board.set(
                TransferStatus(kind: kind, digest: document.digest, phase: .uploading, total: document.size))
            try await BlockingWork.run { () throws(EngineError) in
                let isTop = document.digest == target.digest
                // Below the top, what is there is left; the top has a tag to be set.
                if !isTop, try repository.hasManifest(document.digest, cancellation) { return }
                let bytes = try content.bytes(of: document.digest, limit: ImageGraph.documentLimit)
                let place = isTop ? reference.tag ?? document.digest.description : document.digest.description
                try repository.putManifest(bytes, document, place: place, cancellation)
            }
            board.set(document.digest, .done)
        }
    }
}
