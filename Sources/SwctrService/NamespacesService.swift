import SwctrCore
import SwctrLinux
public import SwctrMetadata
import SwctrProto
public import SwctrRPC
import SwctrWire
import SwiftProtobuf

/// `swctr.v1.Namespaces`.
public struct NamespacesService: Sendable {
    private let store: MetadataStore
    private let publish: EventSink

    public init(store: MetadataStore, publish: @escaping EventSink) {
        self.store = store
        self.publish = publish
    }

    /// Adds the service's methods.
    public func register(on router: inout RPCRouter) {
        router.unary(ServiceName.namespaces, "List") {
            (_: Swctr_V1_ListNamespacesRequest, _) -> Swctr_V1_ListNamespacesResponse in
            let records = try await store.read { try $0.namespaces() }
            return Swctr_V1_ListNamespacesResponse.with {
                $0.namespaces = records.map { record in
                    Swctr_V1_Namespace.with {
                        $0.name = record.name.rawValue
                        $0.labels = record.labels
                    }
                }
            }
        }
        router.unary(ServiceName.namespaces, "Create") {
            (request: Swctr_V1_CreateNamespaceRequest, _) -> Swctr_V1_CreateNamespaceResponse in
            let name = try Namespace(request.namespace.name)
            let labels = request.namespace.labels
            try await store.write { try $0.createNamespace(NamespaceRecord(name: name, labels: labels)) }
            await publish(
                name, "/namespaces/create",
                Swctr_V1_NamespaceCreate.with {
                    $0.name = name.rawValue
                    $0.labels = labels
                })
            return Swctr_V1_CreateNamespaceResponse()
        }
        router.unary(ServiceName.namespaces, "Label") {
            (request: Swctr_V1_LabelNamespaceRequest, _) -> Swctr_V1_LabelNamespaceResponse in
            let name = try Namespace(request.name)
            let labels = try await store.write { tx in
                guard let record = try tx.namespace(name) else {
                    throw EngineError(.notFound, subject: "namespace \"\(name)\"", message: "not found")
                }
                let labels = record.labels.merging(request.labels) { $1 }.filter { !$0.value.isEmpty }
                try tx.setNamespaceLabels(name, labels)
                return labels
            }
            await publish(
                name, "/namespaces/update",
                Swctr_V1_NamespaceUpdate.with {
                    $0.name = name.rawValue
                    $0.labels = labels
                })
            return .with {
                $0.namespace.name = name.rawValue
                $0.namespace.labels = labels
            }
        }
        router.unary(ServiceName.namespaces, "Delete") {
            (request: Swctr_V1_DeleteNamespaceRequest, _) -> Swctr_V1_DeleteNamespaceResponse in
            let name = try Namespace(request.name)
            try await store.write { try $0.deleteNamespace(name) }
            if request.cgroup { try Cgroup(path: "/\(name)").removeEmpty() }
            await publish(name, "/namespaces/delete", Swctr_V1_NamespaceDelete.with { $0.name = name.rawValue })
            return Swctr_V1_DeleteNamespaceResponse()
        }
    }
}
