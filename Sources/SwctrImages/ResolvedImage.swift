import SwctrContent
public import SwctrCore
public import SwctrOCI

/// An image made out for one platform: everything that is needed to unpack and run it.
public struct ResolvedImage: Hashable, Sendable {
    /// As it is stored.
    public let name: String
    /// What the name points at: an index or a manifest.
    public let target: Descriptor
    public let manifest: Descriptor
    /// Lowest first, as many as `config.rootfs.diffIDs`.
    public let layers: [Descriptor]
    public let config: ImageConfig
    /// The committed snapshot that holds the whole root file system; nil for an image without layers.
    public let chainID: Digest?
}

/// The names that committed layers have: a digest over the layers below (image-spec: config.md, Layer ChainID).
public enum ChainID {
    /// The chain IDs of all prefixes, lowest first; the last one names the whole.
    public static func all(of diffIDs: [Digest]) throws(EngineError) -> [Digest] {
        var chain: [Digest] = []
        for diffID in diffIDs {
            guard let below = chain.last else {
                chain.append(diffID)
                continue
            }
            chain.append(try DigestHasher.digest(Array("\(below) \(diffID)".utf8)))
        }
        return chain
    }
}
