import Foundation
import NIOPosix
import SwctrContent
import SwctrCore
import SwctrImages
import SwctrLinux
import SwctrMetadata
import SwctrOCI
import SwctrProto
import SwctrRPC
import SwctrWire
import SwiftProtobuf
import Synchronization

extension ContentService {
    func registerChanges(on router: inout RPCRouter) {
        router.duplex(ServiceName.content, "Ingest") {
            (requests: RPCRequests<Swctr_V1_IngestRequest>, responder: RPCResponder<Swctr_V1_IngestResponse>, context)
            in
            let record = try await ingest(requests, try context.namespace)
            try await responder.send(.with { $0.content = Swctr_V1_ContentInfo(record) })
        }
        router.unary(ServiceName.content, "SetLabels") {
            (request: Swctr_V1_SetContentLabelsRequest, context) -> Swctr_V1_SetContentLabelsResponse in
            let (namespace, digest) = (try context.namespace, try Digest(request.digest))
            let labels = try await store.write { tx in
                guard let record = try tx.content(namespace, digest) else { throw Self.missing(digest) }
                let labels = record.labels.merging(request.labels) { $1 }.filter { !$0.value.isEmpty }
                try tx.setContentLabels(namespace, digest, labels)
                return labels
            }
            return .with { $0.labels = labels }
        }
        router.unary(ServiceName.content, "Delete") {
            (request: Swctr_V1_DeleteContentRequest, context) -> Swctr_V1_DeleteContentResponse in
            let (namespace, digest) = (try context.namespace, try Digest(request.digest))
            let existed = try await store.write { try $0.removeContent(namespace, digest) }
            // The bytes go with the last row that names them.
            if existed { images.collectSoon() }
            return .with { $0.existed = existed }
        }
        router.unary(ServiceName.content, "Active") {
            (_: Swctr_V1_ActiveIngestsRequest, _) -> Swctr_V1_ActiveIngestsResponse in
            let found = try await BlockingWork.run { [content] () throws(EngineError) in try content.ingests() }
            return .with {
                $0.ingests = found.map { status in
                    .with {
                        $0.ref = status.name
                        $0.size = status.size
                        $0.updatedAt = Google_Protobuf_Timestamp(seconds: status.updated)
                        $0.writing = status.isActive
                    }
                }
            }
        }
        router.unary(ServiceName.content, "PruneReferences") {
            (request: Swctr_V1_PruneReferencesRequest, context) -> Swctr_V1_PruneReferencesResponse in
            let digests = try await images.pruneLayerReferences(try context.namespace, dry: request.dry)
            if !request.dry {
                if request.async { images.collectSoon() } else { try await images.collect() }
            }
            return .with { $0.digests = digests.map(\.description) }
        }
    }

    static func missing(_ digest: Digest) -> EngineError {
        EngineError(
            .notFound, subject: "content \(digest)", message: "not found", hint: "swctr content ls shows what is here")
    }

    /// Options first, then the bytes. What came of an earlier try under the same name is checked and not written again.
    private func ingest(
        _ requests: RPCRequests<Swctr_V1_IngestRequest>, _ namespace: Namespace
    ) async throws -> ContentRecord {
        guard case .options(let options) = try await requests.makeAsyncIterator().next()?.part, !options.ref.isEmpty
        else {
            throw EngineError(
                .invalidArgument, operation: "ingest", subject: "first message", message: "must name the write")
        }
        let expected = options.expectedDigest.isEmpty ? nil : try Digest(options.expectedDigest)
        let writer = IngestCursor(
            try content.ingest(named: "\(namespace)/\(options.ref)", expected?.algorithm ?? .sha256))
        for try await request in requests {
            guard case .data(let data) = request.part else {
                throw EngineError(.invalidArgument, operation: "ingest", message: "options come once, before the bytes")
            }
            try await writer.append(Array(data))
        }
        return try await images.admit(namespace, labels: options.labels) { announce in
            try await writer.commit(expected, options.expectedSize > 0 ? options.expectedSize : nil, announce)
        }
    }
}

/// Writes pieces away from the threads that tasks run on, one after the other.
///
/// A write that goes on was begun anew by its sender, from the first byte: what is there already is compared by its
/// digest at the end, and not written again.
private final class IngestCursor: Sendable {
    private let writer: Mutex<Writer>

    /// Holds the writer until it is committed.
    private struct Writer: ~Copyable, Sendable {
        var writer: ContentWriter?
        /// Bytes of the sender that are here already.
        var skip: Int64
    }

    init(_ writer: consuming ContentWriter) {
        let skip = writer.left
        self.writer = Mutex(Writer(writer: consume writer, skip: skip))
    }

    func append(_ bytes: [UInt8]) async throws {
        try await NIOThreadPool.singleton.runIfActive {
            try self.writer.withLock { state in
                if state.skip > 0, state.writer?.left ?? 0 > 0 { try state.writer?.replay() }
                let skipped = Int(min(state.skip, Int64(bytes.count)))
                state.skip -= Int64(skipped)
                if skipped < bytes.count { try state.writer?.append(Array(bytes[skipped...])) }
            }
        }
    }

    func commit(
        _ expected: Digest?, _ size: Int64?, _ announce: @escaping @Sendable (Digest) -> Void
    ) async throws -> (digest: Digest, size: Int64) {
        try await NIOThreadPool.singleton.runIfActive {
            try self.writer.withLock { state in
                if state.writer?.left ?? 0 > 0 { try state.writer?.replay() }
                guard let writer = state.writer.take() else {
                    throw EngineError(.internal, operation: "ingest", message: "was committed twice")
                }
                let (digest, stored) = try writer.commit(expecting: expected, size: size, announce: announce)
                return (digest: digest, size: stored)
            }
        }
    }
}
