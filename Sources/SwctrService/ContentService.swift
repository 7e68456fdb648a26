import Foundation
import NIOPosix
public import SwctrContent
import SwctrCore
public import SwctrImages
public import SwctrMetadata
import SwctrProto
public import SwctrRPC
import SwctrWire
import SwiftProtobuf
import Synchronization

/// `swctr.v1.Content`.
public struct ContentService: Sendable {
    let store: MetadataStore
    let content: LocalContentStore
    let images: ImageStore
    let registries: RegistryDefaults

    public init(
        store: MetadataStore, content: LocalContentStore, images: ImageStore, registries: RegistryDefaults
    ) {
        self.store = store
        self.content = content
        self.images = images
        self.registries = registries
    }

    /// Adds the service's methods.
    public func register(on router: inout RPCRouter) {
        registerChanges(on: &router)
        registerRemote(on: &router)
        router.unary(ServiceName.content, "List") {
            (request: Swctr_V1_ListContentRequest, context) -> Swctr_V1_ListContentResponse in
            let namespace = try context.namespace
            let filter = try Filter(request.filters)
            let records = try await store.read { try $0.content(in: namespace) }
            return Swctr_V1_ListContentResponse.with {
                $0.contents = records.filter { record in filter.matches(record.field) }.map(Swctr_V1_ContentInfo.init)
            }
        }
        router.serverStream(ServiceName.content, "Read") {
            (request: Swctr_V1_ReadContentRequest, responder: RPCResponder<Swctr_V1_ReadContentResponse>, context) in
            let namespace = try context.namespace
            let digest = try Digest(request.digest)
            // Blobs are shared on disk; a namespace sees those that it has a row for.
            guard try await store.read({ try $0.content(namespace, digest) }) != nil else {
                throw EngineError(
                    .notFound, subject: "content \(digest)", message: "not found",
                    hint: "swctr -n \(namespace) content ls shows what is here")
            }
            let cursor = BlobCursor(try content.read(digest))
            while let data = try await cursor.next() {
                try await responder.send(.with { $0.data = Data(data) })
            }
        }
    }
}

/// Reads a blob in pieces, away from the threads that tasks run on.
private final class BlobCursor: Sendable {
    private static let pieceSize = 1 << 18
    private let reader: Mutex<BlobReader>

    init(_ reader: consuming BlobReader) { self.reader = Mutex(reader) }

    /// Nil at the end.
    func next() async throws -> [UInt8]? {
        try await NIOThreadPool.singleton.runIfActive {
            try self.reader.withLock { reader in
                var count = 0
                let bytes = try [UInt8](unsafeUninitializedCapacity: Self.pieceSize) { buffer, initialized in
                    count = try reader.read(into: UnsafeMutableRawBufferPointer(buffer))
                    initialized = count
                }
                return count == 0 ? nil : bytes
            }
        }
    }
}

extension ContentRecord {
    /// What filters see.
    func field(_ path: [String]) -> String? {
        switch path.first {
        case "digest" where path.count == 1: "\(digest)"
        case "size" where path.count == 1: "\(size)"
        case "labels": Filter.label(path, of: labels)
        default: nil
        }
    }
}

extension Swctr_V1_ContentInfo {
    init(_ record: ContentRecord) {
        self.init()
        digest = record.digest.description
        size = record.size
        createdAt = Google_Protobuf_Timestamp(date: record.createdAt)
        labels = record.labels
    }
}
