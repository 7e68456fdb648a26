import SwctrCore
public import SwctrMetadata
import SwctrProto
public import SwctrRPC
import SwctrWire
import SwiftProtobuf

/// `swctr.v1.Snapshots`.
public struct SnapshotsService: Sendable {
    private let store: MetadataStore
    private let defaultSnapshotter: String

    public init(store: MetadataStore, defaultSnapshotter: String) {
        self.store = store
        self.defaultSnapshotter = defaultSnapshotter
    }

    /// Adds the service's methods.
    public func register(on router: inout RPCRouter) {
        router.unary(ServiceName.snapshots, "List") {
            (request: Swctr_V1_ListSnapshotsRequest, context) -> Swctr_V1_ListSnapshotsResponse in
            let namespace = try context.namespace
            let snapshotter = request.snapshotter.isEmpty ? defaultSnapshotter : request.snapshotter
            let records = try await store.read { try $0.snapshots(in: namespace, snapshotter: snapshotter) }
            return Swctr_V1_ListSnapshotsResponse.with { $0.snapshots = records.map(Swctr_V1_Snapshot.init) }
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
