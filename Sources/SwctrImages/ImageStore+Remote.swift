import SwctrContent
public import SwctrCore
import SwctrHTTP
import SwctrLinux
public import SwctrMetadata
public import SwctrOCI
public import SwctrRegistry

extension ImageStore {
    /// Tries a login.
    ///
    /// - Throws: `.unauthenticated` where the registry does not take it; `.unavailable` where there is none.
    public static func login(_ server: String, _ options: RegistryOptions) async throws {
        // Only the host of a reference matters here.
        let reference = try Reference(normalizing: "\(server)/login")
        try await blocking { (cancellation) throws(EngineError) in
            try Repository(reference, options).ping(cancellation)
        }
    }

    /// What a registry has that refers to an image.
    public static func referrers(
        to reference: Reference, artifactType: String, _ options: RegistryOptions
    ) async throws -> Index {
        try await blocking { (cancellation) throws(EngineError) in
            let repository = try Repository(reference, options)
            let target = try repository.resolve(cancellation).0
            return try repository.referrers(of: target.digest, artifactType: artifactType, cancellation)
        }
    }

    /// Reads a document, or a blob of the repository, straight from a registry.
    ///
    /// - Parameter sink: takes the bytes in order; they are verified at the end only.
    public static func fetchRemote(
        _ reference: Reference, blob digest: Digest?, _ options: RegistryOptions,
        sink: @escaping @Sendable ([UInt8]) async throws -> Void
    ) async throws {
        let cancellation = try Cancellation()
        try await withTaskCancellationHandler {
            try await BlockingProducer.run(
                { (put) throws(EngineError) in try read(reference, digest, options, cancellation, put) }, consume: sink)
        } onCancel: {
            cancellation.cancel()
        }
    }

    private static func read(
        _ reference: Reference, _ digest: Digest?, _ options: RegistryOptions, _ cancellation: Cancellation,
        _ put: ([UInt8]) throws(EngineError) -> Void
    ) throws(EngineError) {
        let repository = try Repository(reference, options)
        guard let digest else {
            let (target, bytes) = try repository.resolve(cancellation)
            if let bytes { return try put(bytes) }
            return try put(try repository.manifest(target, cancellation))
        }
        var hasher = try DigestHasher(digest.algorithm)
        let wanted = Descriptor(mediaType: MediaType(""), digest: digest, size: 0)
        var chunk = [UInt8](repeating: 0, count: 256 << 10)
        try repository.blob(wanted, from: 0, cancellation) { (exchange, _) throws(EngineError) in
            while true {
                let count = try chunk.withUnsafeMutableBufferPointer { (chunk) throws(EngineError) in
                    try exchange.read(into: UnsafeMutableRawBufferPointer(chunk))
                }
                if count == 0 { return }
                chunk[..<count].withUnsafeBytes { hasher.update($0) }
                try put(Array(chunk[..<count]))
            }
        }
        let found = try hasher.finish()
        if found != digest {
            throw EngineError(
                .dataLoss, subject: "content \(digest)", message: "the registry gives another, of digest \(found)")
        }
    }

    /// Brings one blob or document that is here to a repository.
    public func pushObject(
        _ namespace: Namespace, _ reference: Reference, _ digest: Digest, mediaType: MediaType,
        _ options: RegistryOptions
    ) async throws {
        guard try await metadata.read({ try $0.content(namespace, digest) }) != nil else {
            throw EngineError(.notFound, subject: "content \(digest)", message: "not found")
        }
        let descriptor = try describe(digest, mediaType: mediaType)
        let board = TransferBoard()
        let parts: [PushPart]
        let documents: [Descriptor]
        if mediaType.isManifest || mediaType.isIndex {
            (parts, documents) = ([], [descriptor])
        } else {
            (parts, documents) = ([PushPart(descriptor: descriptor, kind: "layer", siblings: [])], [])
        }
        let hold = Hold(pins)
        defer { hold.release() }
        hold.keep(.blob(digest))
        let cancellation = try Cancellation()
        let work = PushWork(
            repository: try Repository(reference, options), content: content, board: board, cancellation: cancellation,
            reference: reference)
        try await withTaskCancellationHandler {
            try await work.push(blobs: parts, Slots(1))
            try await work.push(documents: documents, target: descriptor)
        } onCancel: {
            cancellation.cancel()
        }
    }

    /// The descriptor of a blob that is here.
    ///
    /// - Throws: `.notFound`.
    public func describe(_ digest: Digest, mediaType: MediaType) throws(EngineError) -> Descriptor {
        guard let size = content.size(of: digest) else {
            throw EngineError(.notFound, subject: "content \(digest)", message: "not found")
        }
        return Descriptor(mediaType: mediaType, digest: digest, size: size)
    }

    /// Keeps a blob that is being written from being collected before the namespace has it.
    ///
    /// - Parameter write: brings it into the store, and tells its digest before.
    public func admit(
        _ namespace: Namespace, labels: Labels,
        _ write: (@escaping @Sendable (Digest) -> Void) async throws -> (digest: Digest, size: Int64)
    ) async throws -> ContentRecord {
        try LabelRule.check(labels)
        let hold = Hold(pins)
        defer { hold.release() }
        let stored = try await write { hold.keep(.blob($0)) }
        return try await metadata.write { tx in
            try tx.addContent(
                ContentRecord(namespace: namespace, digest: stored.digest, size: stored.size, labels: labels))
            return try tx.content(namespace, stored.digest)
                ?? ContentRecord(namespace: namespace, digest: stored.digest, size: stored.size, labels: labels)
        }
    }

    /// Takes from all manifests of a namespace the labels that keep their layers: the files are unpacked, and the
    /// compressed bytes may go.
    ///
    /// - Returns: the manifests.
    public func pruneLayerReferences(_ namespace: Namespace, dry: Bool) async throws -> [Digest] {
        try await metadata.write { tx in
            var found: [Digest] = []
            for row in try tx.content(in: namespace) where row.labels.keys.contains(where: GCLabel.isLayer) {
                found.append(row.digest)
                if dry { continue }
                try tx.setContentLabels(namespace, row.digest, row.labels.filter { !GCLabel.isLayer($0.key) })
            }
            return found
        }
    }

    /// Unpacks the layers of a manifest that one of the namespace's images has.
    ///
    /// - Returns: the chain ID of the whole.
    /// - Throws: `.notFound` for a manifest of no image.
    public func unpack(_ namespace: Namespace, manifest digest: Digest, snapshotter: String) async throws -> String {
        for record in try await list(namespace) {
            var manifests = try graph.manifests(of: record.target).map(\.0)
            // The image's own digest means its manifest for this machine.
            if record.digest == digest {
                manifests = [try graph.resolve(record.name, record.target, platform: .host).manifest]
            } else {
                manifests.removeAll { $0.digest != digest }
            }
            guard let manifest = manifests.first else { continue }
            let image = try graph.resolve(record.name, manifest, document: try graph.manifest(manifest))
            try await withUnpacked(image, namespace: namespace, snapshotter: snapshotter) {}
            return image.chainID?.description ?? ""
        }
        throw EngineError(
            .notFound, subject: "manifest \(digest)", message: "not found in any image",
            hint: "swctr -n \(namespace) images ls shows what is here")
    }

    private static func blocking<Value: Sendable>(
        _ body: @escaping @Sendable (Cancellation) throws(EngineError) -> Value
    ) async throws -> Value {
        let cancellation = try Cancellation()
        return try await withTaskCancellationHandler {
            try await BlockingWork.run { () throws(EngineError) in try body(cancellation) }
        } onCancel: {
            cancellation.cancel()
        }
    }
}
