import Foundation
import SwctrCore
public import SwctrImages
public import SwctrMetadata
import SwctrProto
public import SwctrRPC
import SwctrWire
import SwiftProtobuf

/// `swctr.v1.Leases`.
public struct LeasesService: Sendable {
    private let store: MetadataStore
    private let images: ImageStore

    public init(store: MetadataStore, images: ImageStore) {
        self.store = store
        self.images = images
    }

    /// Adds the service's methods.
    public func register(on router: inout RPCRouter) {
        router.unary(ServiceName.leases, "Create") {
            (request: Swctr_V1_CreateLeaseRequest, context) -> Swctr_V1_CreateLeaseResponse in
            let now = Date()
            let record = LeaseRecord(
                namespace: try context.namespace,
                id: request.id.isEmpty ? Self.name(now) : try Self.checked(request.id),
                labels: request.labels, createdAt: now,
                expiresAt: request.expiresAfter > 0 ? now.addingTimeInterval(Double(request.expiresAfter)) : nil)
            try await store.write { try $0.createLease(record) }
            return .with { $0.lease = Swctr_V1_Lease(record) }
        }
        router.unary(ServiceName.leases, "List") {
            (request: Swctr_V1_ListLeasesRequest, context) -> Swctr_V1_ListLeasesResponse in
            let namespace = try context.namespace
            let filter = try Filter(request.filters)
            let records = try await store.read { try $0.leases(in: namespace) }
            return .with { $0.leases = records.filter { filter.matches($0.field) }.map(Swctr_V1_Lease.init) }
        }
        router.unary(ServiceName.leases, "Delete") {
            (request: Swctr_V1_DeleteLeaseRequest, context) -> Swctr_V1_DeleteLeaseResponse in
            let namespace = try context.namespace
            guard try await store.write({ try $0.deleteLease(namespace, request.id) }) else {
                throw EngineError(.notFound, subject: "lease \"\(request.id)\"", message: "not found")
            }
            if request.sync { try await images.collect() } else { images.collectSoon() }
            return Swctr_V1_DeleteLeaseResponse()
        }
    }

    private static func name(_ now: Date) -> String {
        "\(Int64(now.timeIntervalSince1970))-\(String(UInt32.random(in: .min ... .max), radix: 36))"
    }

    private static func checked(_ id: String) throws(EngineError) -> String {
        let scalars = id.unicodeScalars
        if id.utf8.count > 1024 || scalars.contains(where: { $0.value <= 0x20 || $0.value == 0x7f }) {
            throw EngineError(
                .invalidArgument, subject: "lease \"\(id.prefix(100))\"",
                message: "must be at most 1024 bytes without spaces and control characters")
        }
        return id
    }
}

extension LeaseRecord {
    /// What filters see.
    func field(_ path: [String]) -> String? {
        switch path.first {
        case "id" where path.count == 1: id
        case "labels": Filter.label(path, of: labels)
        default: nil
        }
    }
}

extension Swctr_V1_Lease {
    init(_ record: LeaseRecord) {
        self.init()
        id = record.id
        createdAt = Google_Protobuf_Timestamp(date: record.createdAt)
        if let end = record.expiresAt { expiresAt = Google_Protobuf_Timestamp(date: end) }
        labels = record.labels
    }
}
