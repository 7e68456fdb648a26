import SwctrCore
public import SwctrOCI
public import SwctrRegistry

/// What is to be pushed, and where to.
public struct PushRequest: Sendable {
    public var reference: Reference
    public var registry: RegistryOptions
    /// Name of the image here.
    public var image: String
    /// A manifest in the store that is pushed instead of an image's target.
    public var manifest: Descriptor?
    /// Push this platform's manifest instead of the index.
    public var platform: Platform?
    /// Layers at a time; 0: the default.
    public var concurrency = 0
    public var allowsNonDistributable = false

    public init(reference: Reference, registry: RegistryOptions, image: String) {
        self.reference = reference
        self.registry = registry
        self.image = image
    }
}
