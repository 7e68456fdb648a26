/// What a blob is. Open: a type that we do not know is carried on as it is.
public struct MediaType: Hashable, Sendable, Codable, RawRepresentable, CustomStringConvertible {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    public init(_ rawValue: String) { self.rawValue = rawValue }

    public init(from decoder: any Decoder) throws {
        rawValue = try decoder.singleValueContainer().decode(String.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }

    public var description: String { rawValue }

    public static let ociManifest = MediaType("application/vnd.oci.image.manifest.v1+json")
    public static let ociIndex = MediaType("application/vnd.oci.image.index.v1+json")
    public static let ociConfig = MediaType("application/vnd.oci.image.config.v1+json")
    public static let ociLayer = MediaType("application/vnd.oci.image.layer.v1.tar")
    public static let ociLayerGzip = MediaType("application/vnd.oci.image.layer.v1.tar+gzip")
    public static let ociLayerZstd = MediaType("application/vnd.oci.image.layer.v1.tar+zstd")
    public static let dockerManifest = MediaType("application/vnd.docker.distribution.manifest.v2+json")
    public static let dockerManifestList = MediaType("application/vnd.docker.distribution.manifest.list.v2+json")
    public static let dockerConfig = MediaType("application/vnd.docker.container.image.v1+json")
    public static let dockerLayer = MediaType("application/vnd.docker.image.rootfs.diff.tar")
    public static let dockerLayerGzip = MediaType("application/vnd.docker.image.rootfs.diff.tar.gzip")

    /// A manifest of one image.
    public var isManifest: Bool { self == .ociManifest || self == .dockerManifest }
    /// A list of manifests.
    public var isIndex: Bool { self == .ociIndex || self == .dockerManifestList }
    /// The configuration of an image that can be run.
    public var isImageConfig: Bool { self == .ociConfig || self == .dockerConfig }
    /// A layer that its maker lets nobody pass on; registries other than the maker's do not have it.
    public var isNonDistributable: Bool {
        rawValue.contains(".nondistributable.") || rawValue.contains(".foreign.")
    }
    /// A file-tree layer, whatever its compression.
    public var isLayer: Bool {
        rawValue.hasPrefix("application/vnd.oci.image.layer.")
            || rawValue.hasPrefix("application/vnd.docker.image.rootfs.")
    }
}
