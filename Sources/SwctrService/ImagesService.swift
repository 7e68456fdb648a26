import Foundation
import Logging
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
    let images: ImageStore
    let defaultSnapshotter: String
    let registries: RegistryDefaults

    public init(images: ImageStore, defaultSnapshotter: String, registries: RegistryDefaults) {
        self.images = images
        self.defaultSnapshotter = defaultSnapshotter
        self.registries = registries
    }

    /// Adds the service's methods.
    public func register(on router: inout RPCRouter) {
        registerNames(on: &router)
        registerTransfers(on: &router)
        registerConversion(on: &router)
        router.unary(ServiceName.images, "List") {
            (request: Swctr_V1_ListImagesRequest, context) -> Swctr_V1_ListImagesResponse in
            let namespace = try context.namespace
            let filter = try Filter(request.filters)
            let records = try await images.list(namespace).filter { record in filter.matches(record.field) }
            return Swctr_V1_ListImagesResponse.with { $0.images = records.map(message) }
        }
        router.unary(ServiceName.images, "Get") {
            (request: Swctr_V1_GetImageRequest, context) -> Swctr_V1_GetImageResponse in
            let record = try await images.get(try context.namespace, request.name)
            return Swctr_V1_GetImageResponse.with { $0.image = message(record) }
        }
        router.unary(ServiceName.images, "Delete") {
            (request: Swctr_V1_DeleteImageRequest, context) -> Swctr_V1_DeleteImageResponse in
            try await images.delete(try context.namespace, request.name, sync: request.sync)
            return Swctr_V1_DeleteImageResponse()
        }
        router.duplex(ServiceName.images, "Import") {
            (requests: RPCRequests<Swctr_V1_ImportRequest>, responder: RPCResponder<Swctr_V1_ImportResponse>, context)
            in
            try await importArchive(requests, responder, try context.namespace)
        }
    }

    /// An image with what its content tells; of a damaged one the record alone, so that it can be seen and removed.
    func message(_ record: ImageRecord) -> Swctr_V1_Image {
        let extent = try? images.extent(of: record)
        return Swctr_V1_Image.with {
            $0.name = record.name
            $0.target.mediaType = record.mediaType
            $0.target.digest = record.digest.description
            $0.target.size = record.size
            $0.labels = record.labels
            $0.createdAt = Google_Protobuf_Timestamp(date: record.createdAt)
            $0.updatedAt = Google_Protobuf_Timestamp(date: record.updatedAt)
            $0.platforms = Set(extent?.platforms.map(\.description) ?? []).sorted()
            $0.size = extent?.size ?? 0
        }
    }
}

extension ImageRecord {
    /// What filters see.
    func field(_ path: [String]) -> String? {
        switch path.first {
        case "name" where path.count == 1: name
        case "target" where path == ["target", "digest"]: "\(digest)"
        case "target" where path == ["target", "mediatype"]: mediaType
        case "labels": Filter.label(path, of: labels)
        default: nil
        }
    }
}
