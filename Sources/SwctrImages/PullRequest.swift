public import SwctrCore
public import SwctrOCI
public import SwctrRegistry

/// What is to be pulled, and how.
public struct PullRequest: Sendable {
    public var reference: Reference
    public var registry: RegistryOptions
    public var snapshotter: String
    /// Whether layers are unpacked.
    public var unpacks = true
    /// Of which platforms layers are fetched; empty: all.
    public var platforms: [Platform] = [.host]
    /// Also manifests and configurations of the other platforms.
    public var allMetadata = true
    /// No layers at all.
    public var metadataOnly = false
    /// Layers at a time; 0: the default.
    public var concurrency = 0
    public var labels: Labels = [:]

    public init(reference: Reference, registry: RegistryOptions, snapshotter: String) {
        self.reference = reference
        self.registry = registry
        self.snapshotter = snapshotter
    }

    /// Two pulls of one key may share their work.
    struct Key: Hashable {
        var namespace: Namespace
        var text: String
        var credentials: Credentials?
    }

    func key(in namespace: Namespace) -> Key {
        let tls = [registry.plainHTTP, registry.skipVerify, registry.trace != nil, unpacks, allMetadata, metadataOnly]
        let lists = [platforms.map(\.description), registry.hostsFolders, labels.map { "\($0)=\($1)" }.sorted()]
        return Key(
            namespace: namespace,
            text: "\(reference) \(snapshotter) \(tls) \(lists) \(concurrency) \(registry.authorities.hashValue) "
                + "\(registry.identity.hashValue)",
            credentials: registry.credentials)
    }
}
