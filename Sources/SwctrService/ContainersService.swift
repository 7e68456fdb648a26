import Foundation
import SwctrCore
public import SwctrEngine
import SwctrMetadata
import SwctrProto
public import SwctrRPC
import SwctrWire
import SwiftProtobuf

/// `swctr.v1.Containers`.
public struct ContainersService: Sendable {
    private let engine: ContainerEngine

    public init(engine: ContainerEngine) { self.engine = engine }

    /// Adds the service's methods.
    public func register(on router: inout RPCRouter) {
        router.unary(ServiceName.containers, "Create") {
            (request: Swctr_V1_CreateContainerRequest, call) -> Swctr_V1_CreateContainerResponse in
            let record = try await engine.create(request.options, in: try call.namespace)
            return try .with { $0.container = try Swctr_V1_Container(record) }
        }
        router.unary(ServiceName.containers, "Get") {
            (request: Swctr_V1_GetContainerRequest, call) -> Swctr_V1_GetContainerResponse in
            let record = try await engine.container(try await engine.locate(try call.namespace, request.id))
            return try .with { $0.container = try Swctr_V1_Container(record) }
        }
        router.unary(ServiceName.containers, "List") {
            (request: Swctr_V1_ListContainersRequest, call) -> Swctr_V1_ListContainersResponse in
            let filter = try Filter(request.filters)
            let records = try await engine.containers(in: try call.namespace).filter { record in
                filter.matches { path in
                    switch path.first {
                    case "id": record.id.rawValue
                    case "name": record.name
                    case "image": record.image
                    case "runtime": record.runtimeName
                    case "labels": Filter.label(path, of: record.labels)
                    default: nil
                    }
                }
            }
            return try .with { $0.containers = try records.map { try Swctr_V1_Container($0) } }
        }
        router.unary(ServiceName.containers, "Label") {
            (request: Swctr_V1_LabelContainerRequest, call) -> Swctr_V1_LabelContainerResponse in
            let record = try await engine.label(try await engine.locate(try call.namespace, request.id), request.labels)
            return try .with { $0.container = try Swctr_V1_Container(record) }
        }
        router.unary(ServiceName.containers, "Rename") {
            (request: Swctr_V1_RenameContainerRequest, call) -> Swctr_V1_RenameContainerResponse in
            try await engine.rename(try await engine.locate(try call.namespace, request.id), to: request.name)
            return Swctr_V1_RenameContainerResponse()
        }
        router.unary(ServiceName.containers, "Resolve") {
            (request: Swctr_V1_ResolveContainerRequest, call) -> Swctr_V1_ResolveContainerResponse in
            try await engine.resolve(request.options, in: try call.namespace)
        }
        router.unary(ServiceName.containers, "Delete") {
            (request: Swctr_V1_DeleteContainerRequest, call) -> Swctr_V1_DeleteContainerResponse in
            try await engine.delete(
                try await engine.locate(try call.namespace, request.id), keepSnapshot: request.keepSnapshot)
            return Swctr_V1_DeleteContainerResponse()
        }
    }
}

extension Swctr_V1_Container {
    init(_ record: ContainerRecord) throws {
        self.init()
        id = record.id.rawValue
        image = record.image
        labels = record.labels
        runtime.name = record.runtimeName
        if let options = record.runtimeOptions { runtime.options = try Google_Protobuf_Any(serializedBytes: options) }
        spec = record.spec
        snapshotter = record.snapshotter
        snapshotKey = record.snapshotKey
        createdAt = Google_Protobuf_Timestamp(date: record.createdAt)
        updatedAt = Google_Protobuf_Timestamp(date: record.updatedAt)
        autoRemove = record.autoRemove
    }
}
