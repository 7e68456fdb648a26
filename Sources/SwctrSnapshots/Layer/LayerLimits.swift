/// What one layer may cost at most; beyond it, unpacking stops with an error.
public struct LayerLimits: Sendable {
    /// Files, directories, links and whiteouts.
    public var entries: Int
    /// Bytes of file data, and bytes of the uncompressed archive.
    public var bytes: Int64

    /// The defaults lie far above any real image: they keep a bomb from running for days.
    public init(entries: Int = 10_000_000, bytes: Int64 = 1 << 40) {
        self.entries = entries
        self.bytes = bytes
    }
}

/// What unpacking a layer came to.
public struct LayerResult: Sendable {
    public var entries: Int
    /// Bytes of the uncompressed archive.
    public var bytes: Int64
    /// Where the layers beneath were not known: what depends on them.
    public var pending: LayerPending
}
