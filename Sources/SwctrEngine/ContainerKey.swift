public import SwctrCore

/// A container of a namespace.
public struct ContainerKey: Hashable, Sendable {
    public let namespace: Namespace
    public let id: ContainerID

    public init(namespace: Namespace, id: ContainerID) {
        self.namespace = namespace
        self.id = id
    }

    /// As messages name it.
    var subject: String { "container \"\(id)\"" }
}
