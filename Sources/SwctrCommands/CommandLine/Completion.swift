import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

/// Names that the manager knows, for a shell that completes a word. Where nobody answers at once there are none: a shell
/// must not hang, and has no place for messages.
extension CompletionKind {
    /// Ids and names of containers.
    static var containers: CompletionKind {
        .custom {
            guard let client = manager() else { return [] }
            let response: Swctr_V1_ListContainersResponse? = try? client.call(
                ServiceName.containers, "List", Swctr_V1_ListContainersRequest())
            return (response?.containers ?? []).map { $0.labels[Ps.nameLabel] ?? $0.id }
        }
    }

    static var images: CompletionKind {
        .custom {
            guard let client = manager() else { return [] }
            let response: Swctr_V1_ListImagesResponse? = try? client.call(
                ServiceName.images, "List", Swctr_V1_ListImagesRequest())
            return (response?.images ?? []).map(\.name)
        }
    }

    static var namespaces: CompletionKind {
        .custom {
            guard let client = manager() else { return [] }
            let response: Swctr_V1_ListNamespacesResponse? = try? client.call(
                ServiceName.namespaces, "List", Swctr_V1_ListNamespacesRequest())
            return (response?.namespaces ?? []).map(\.name)
        }
    }

    /// The manager and namespace of the environment: options on the line are not known to a completion.
    private static func manager() -> Client? {
        guard let namespace = try? Namespace(environment("SWCTR_NAMESPACE") ?? Namespace.default.rawValue) else {
            return nil
        }
        return try? Client(
            Client.Options(
                address: environment("SWCTR_ADDRESS") ?? Client.Options.defaultAddress, namespace: namespace,
                timeout: .seconds(1), connectTimeout: .seconds(1)))
    }
}
