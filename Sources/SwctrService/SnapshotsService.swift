import Foundation
import SwctrCore
public import SwctrImages
import SwctrMetadata
import SwctrOCI
import SwctrProto
public import SwctrRPC
import SwctrWire
import SwiftProtobuf

/// `swctr.v1.Snapshots`.
public struct SnapshotsService: Sendable {
    private let snapshots: SnapshotStore
    private let images: ImageStore
    private let defaultSnapshotter: String

    public init(snapshots: SnapshotStore, images: ImageStore, defaultSnapshotter: String) {
        self.snapshots = snapshots
        self.images = images
        self.defaultSnapshotter = defaultSnapshotter
    }

    /// Adds the service's methods.
    public func register(on router: inout RPCRouter) {
        registerLooking(on: &router)
        registerMaking(on: &router)
        router.serverStream(ServiceName.snapshots, "Diff") {
            (request: Swctr_V1_DiffSnapshotRequest, responder: RPCResponder<Swctr_V1_DiffSnapshotResponse>, context) in
            let descriptor = try await images.diff(
                try context.namespace, snapshotter: driver(request.snapshotter), key: request.key, other: request.other,
                mediaType: request.mediaType.isEmpty ? .ociLayerGzip : MediaType(request.mediaType),
                labels: request.keep ? request.labels : nil
            ) { bytes in
                try await responder.send(.with { $0.data = Data(bytes) })
            }
            try await responder.send(.with { $0.descriptor = Swctr_V1_Descriptor(descriptor) })
        }
    }

    private func registerLooking(on router: inout RPCRouter) {
        router.unary(ServiceName.snapshots, "List") {
            (request: Swctr_V1_ListSnapshotsRequest, context) -> Swctr_V1_ListSnapshotsResponse in
            let records = try await snapshots.list(try context.namespace, snapshotter: driver(request.snapshotter))
            return .with { $0.snapshots = records.map(Swctr_V1_Snapshot.init) }
        }
        router.unary(ServiceName.snapshots, "Get") {
            (request: Swctr_V1_GetSnapshotRequest, context) -> Swctr_V1_GetSnapshotResponse in
            let record = try await snapshots.stat(
                try context.namespace, snapshotter: driver(request.snapshotter), key: request.key)
            return .with {
                $0.snapshot = Swctr_V1_Snapshot(record)
                $0.updatedAt = Google_Protobuf_Timestamp(date: record.createdAt)
            }
        }
        router.unary(ServiceName.snapshots, "Mounts") {
            (request: Swctr_V1_SnapshotMountsRequest, context) -> Swctr_V1_SnapshotMountsResponse in
            let mounts = try await snapshots.mounts(
                try context.namespace, snapshotter: driver(request.snapshotter), key: request.key)
            return .with { $0.mounts = mounts.map(Swctr_V1_Mount.init) }
        }
        router.unary(ServiceName.snapshots, "Usage") {
            (request: Swctr_V1_SnapshotUsageRequest, context) -> Swctr_V1_SnapshotUsageResponse in
            let namespace = try context.namespace
            let driver = driver(request.snapshotter)
            let keys =
                request.keys.isEmpty
                ? try await snapshots.list(namespace, snapshotter: driver).map(\.key) : request.keys
            var response = Swctr_V1_SnapshotUsageResponse()
            for key in keys {
                let usage = try await snapshots.usage(namespace, snapshotter: driver, key: key)
                response.snapshots.append(Swctr_V1_SnapshotUsage(key, usage))
            }
            return response
        }
    }

    private func registerMaking(on router: inout RPCRouter) {
        router.unary(ServiceName.snapshots, "Prepare") {
            (request: Swctr_V1_PrepareSnapshotRequest, context) -> Swctr_V1_SnapshotMountsResponse in
            let (namespace, driver) = (try context.namespace, driver(request.snapshotter))
            try Self.check(request.key)
            let parent = request.parent.isEmpty ? nil : request.parent
            let mounts =
                request.view
                ? try await snapshots.view(
                    namespace, snapshotter: driver, key: request.key, parent: parent, labels: request.labels)
                : try await snapshots.prepare(
                    namespace, snapshotter: driver, key: request.key, parent: parent, labels: request.labels)
            return .with { $0.mounts = mounts.map(Swctr_V1_Mount.init) }
        }
        router.unary(ServiceName.snapshots, "Commit") {
            (request: Swctr_V1_CommitSnapshotRequest, context) -> Swctr_V1_CommitSnapshotResponse in
            try Self.check(request.name)
            try await snapshots.commit(
                try context.namespace, snapshotter: driver(request.snapshotter), key: request.key, as: request.name,
                labels: request.labels)
            return Swctr_V1_CommitSnapshotResponse()
        }
        router.unary(ServiceName.snapshots, "Delete") {
            (request: Swctr_V1_DeleteSnapshotRequest, context) -> Swctr_V1_DeleteSnapshotResponse in
            try await snapshots.remove(
                try context.namespace, snapshotter: driver(request.snapshotter), key: request.key)
            return Swctr_V1_DeleteSnapshotResponse()
        }
        router.unary(ServiceName.snapshots, "SetLabels") {
            (request: Swctr_V1_SetSnapshotLabelsRequest, context) -> Swctr_V1_SetSnapshotLabelsResponse in
            let labels = try await snapshots.setLabels(
                try context.namespace, snapshotter: driver(request.snapshotter), key: request.key, request.labels)
            return .with { $0.labels = labels }
        }
        router.unary(ServiceName.snapshots, "Unpack") {
            (request: Swctr_V1_UnpackSnapshotRequest, context) -> Swctr_V1_UnpackSnapshotResponse in
            let chain = try await images.unpack(
                try context.namespace, manifest: try Digest(request.digest), snapshotter: driver(request.snapshotter))
            return .with { $0.chainID = chain }
        }
    }

    private func driver(_ name: String) -> String { name.isEmpty ? defaultSnapshotter : name }

    private static func check(_ key: String) throws(EngineError) {
        let scalars = key.unicodeScalars
        if key.isEmpty || key.utf8.count > 1024 || scalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) {
            throw EngineError(
                .invalidArgument, subject: "snapshot key \"\(key.prefix(100))\"",
                message: "must be 1 to 1024 bytes without control characters")
        }
    }
}

extension Swctr_V1_Snapshot {
    init(_ record: SnapshotRecord) {
        self.init()
        key = record.key
        parent = record.parent ?? ""
        kind =
            switch record.kind {
            case .active: .active
            case .view: .view
            case .committed: .committed
            }
        labels = record.labels
        createdAt = Google_Protobuf_Timestamp(date: record.createdAt)
    }
}
