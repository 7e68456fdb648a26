import Foundation
import SwctrCore
public import SwctrImages
import SwctrMetadata
import SwctrOCI
import SwctrProto
public import SwctrRPC
import SwctrWire
import SwiftProtobuf

/// `swctr.v1.Images`.
public struct ImagesService: Sendable {
    private let images: ImageStore
    private let defaultSnapshotter: String

    public init(images: ImageStore, defaultSnapshotter: String) {
        self.images = images
        self.defaultSnapshotter = defaultSnapshotter
    }

    /// Adds the service's methods.
    public func register(on router: inout RPCRouter) {
        router.unary(ServiceName.images, "List") {
            (request: Swctr_V1_ListImagesRequest, call) -> Swctr_V1_ListImagesResponse in
            let filter = try Filter(request.filters)
            let records = try await images.list(try call.namespace).filter { record in
                filter.matches { record.field($0) }
            }
            return try .with { $0.images = try records.map(message) }
        }
        router.unary(ServiceName.images, "Get") {
            (request: Swctr_V1_GetImageRequest, call) -> Swctr_V1_GetImageResponse in
            let record = try await images.get(try call.namespace, request.name)
            return try .with { $0.image = try message(record) }
        }
        router.unary(ServiceName.images, "Delete") {
            (request: Swctr_V1_DeleteImageRequest, call) -> Swctr_V1_DeleteImageResponse in
            try await images.delete(try call.namespace, request.name, sync: request.sync)
            return Swctr_V1_DeleteImageResponse()
        }
        router.duplex(ServiceName.images, "Import") {
            (parts: RPCRequests<Swctr_V1_ImportRequest>, answers: RPCResponder<Swctr_V1_ImportResponse>, call) in
            try await importArchive(parts, answers, try call.namespace)
        }
    }

    private func importArchive(
        _ parts: RPCRequests<Swctr_V1_ImportRequest>, _ answers: RPCResponder<Swctr_V1_ImportResponse>,
        _ namespace: Namespace
    ) async throws {
        var iterator = parts.makeAsyncIterator()
        guard case .options(let wanted)? = try await iterator.next()?.part else {
            throw EngineError(.invalidArgument, operation: "import", message: "the first message must carry the options")
        }
        let options = try options(wanted)
        let records = try await images.importArchive(namespace, options: options) { reader in
            // The iterator stands behind the options; a new one goes on where it stands.
            for try await part in parts {
                guard case .data(let bytes)? = part.part else {
                    throw EngineError(.invalidArgument, operation: "import", message: "options come once, and first")
                }
                try await reader.push([UInt8](bytes))
            }
        } onProgress: { progress in
            // A client that went away is noticed where its data ends.
            try? await answers.send(.with { $0.progress = Swctr_V1_ImportProgress(progress) })
        }
        for record in records { try await answers.send(try .with { $0.image = try message(record) }) }
    }

    private func options(_ wanted: Swctr_V1_ImportOptions) throws(EngineError) -> ImportOptions {
        if wanted.allPlatforms, !wanted.platform.isEmpty {
            throw EngineError(
                .invalidArgument, operation: "import", message: "one platform and all platforms exclude each other")
        }
        var platform: Platform? = .host
        if wanted.allPlatforms { platform = nil }
        if !wanted.platform.isEmpty { platform = try Platform(wanted.platform) }
        return ImportOptions(
            snapshotter: wanted.snapshotter.isEmpty ? defaultSnapshotter : wanted.snapshotter,
            unpack: !wanted.noUnpack, baseName: wanted.baseName, namesDigests: wanted.digests,
            indexName: wanted.indexName, platform: platform)
    }

    private func message(_ record: ImageRecord) throws(EngineError) -> Swctr_V1_Image {
        let (platforms, size) = try images.extent(of: record)
        return .with {
            $0.name = record.name
            $0.target.mediaType = record.mediaType
            $0.target.digest = record.digest.description
            $0.target.size = record.size
            $0.labels = record.labels
            $0.createdAt = Google_Protobuf_Timestamp(date: record.createdAt)
            $0.updatedAt = Google_Protobuf_Timestamp(date: record.updatedAt)
            $0.platforms = platforms.map(\.description)
            $0.size = size
        }
    }
}

extension ImageRecord {
    /// What filters see.
    func field(_ path: [String]) -> String? {
        switch path.first {
        case "name" where path.count == 1: name
        case "target" where path == ["target", "digest"]: digest.description
        case "target" where path == ["target", "mediatype"]: mediaType
        case "labels": Filter.label(path, of: labels)
        default: nil
        }
    }
}

extension Swctr_V1_ImportProgress {
    init(_ progress: ImportProgress) {
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
