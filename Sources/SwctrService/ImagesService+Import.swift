import Foundation
import SwctrCore
import SwctrImages
import SwctrMetadata
import SwctrOCI
import SwctrProto
import SwctrRPC
import SwiftProtobuf

extension ImagesService {
    /// Options first, then the archive's bytes; progress goes back while they come, the images at the end.
    func importArchive(
        _ requests: RPCRequests<Swctr_V1_ImportRequest>, _ responder: RPCResponder<Swctr_V1_ImportResponse>,
        _ namespace: Namespace
    ) async throws {
        let first = try await requests.makeAsyncIterator().next()
        guard case .options(let wire) = first?.part else {
            throw EngineError(
                .invalidArgument, operation: "import", subject: "first message", message: "must hold the options")
        }
        let options = try ImportOptions(wire, defaultSnapshotter: defaultSnapshotter)
        let records = try await images.importArchive(
            namespace, options: options,
            feed: { reader in
                for try await request in requests {
                    guard case .data(let data) = request.part else {
                        throw EngineError(
                            .invalidArgument, operation: "import", message: "options come once, before the bytes")
                    }
                    try await reader.push([UInt8](data))
                }
            },
            onProgress: { progress in
                // Progress is no reason to fail: a client that is gone is noticed where its bytes are read.
                try? await responder.send(.with { $0.progress = Swctr_V1_ImportProgress(progress) })
            })
        for record in records { try await responder.send(.with { $0.image = message(record) }) }
    }
}

extension ImportOptions {
    fileprivate init(_ wire: Swctr_V1_ImportOptions, defaultSnapshotter: String) throws(EngineError) {
        if wire.allPlatforms, !wire.platform.isEmpty {
            throw EngineError(
                .invalidArgument, operation: "import", message: "one platform and all platforms exclude each other")
        }
        self.init(
            snapshotter: wire.snapshotter.isEmpty ? defaultSnapshotter : wire.snapshotter, unpack: !wire.noUnpack,
            baseName: wire.baseName, namesDigests: wire.digests, indexName: wire.indexName,
            platform: wire.allPlatforms ? nil : wire.platform.isEmpty ? .host : try Platform(wire.platform))
    }
}

extension Swctr_V1_ImportProgress {
    fileprivate init(_ progress: ImportProgress) {
        self.init()
        switch progress {
        case .blob(let digest, let size):
            phase = "blob"
            self.digest = digest.description
            done = size
            total = size
        case .unpacked(let digest, let number, let count):
            phase = "unpack"
            self.digest = digest.description
            done = Int64(number)
            total = Int64(count)
        }
    }
}
