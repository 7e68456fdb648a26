public import SwctrCore

/// An operating system on an architecture: "linux/amd64", "linux/arm/v7".
public struct Platform: Hashable, Sendable, Codable, CustomStringConvertible {
    public var os: String
    /// In Go's words: "amd64", "arm64", "386", …
    public var architecture: String
    /// "v7" of "arm"; empty where there is none.
    public var variant: String
    public var osVersion: String?
    public var osFeatures: [String]?

    /// Values are taken in their usual other spellings too: "x86_64" is "amd64", and so on.
    public init(os: String, architecture: String, variant: String = "") {
        self.os = os.lowercased()
        (self.architecture, self.variant) = Self.normalized(architecture.lowercased(), variant.lowercased())
    }

    /// Reads "linux/arm/v7", "linux/arm64", or a bare architecture or operating system, completed from the host.
    ///
    /// - Throws: `.invalidArgument` that quotes the text.
    public init(_ text: String) throws(EngineError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let sound = parts.allSatisfy { part in
            !part.isEmpty && !part.hasPrefix(".") && part.utf8.allSatisfy { Self.isWord($0) }
        }
        guard sound, (1...3).contains(parts.count) else {
            throw EngineError(
                .invalidArgument, subject: "platform \"\(text)\"",
                message: "is not of the form os/architecture[/variant]")
        }
        if parts.count > 1 {
            self.init(os: parts[0], architecture: parts[1], variant: parts.count == 3 ? parts[2] : "")
        } else if Self.systems.contains(parts[0].lowercased()) {
            self.init(os: parts[0], architecture: Self.host.architecture, variant: Self.host.variant)
        } else if Self.architectures.contains(Self.normalized(parts[0].lowercased(), "").0) {
            self.init(os: Self.host.os, architecture: parts[0])
        } else {
            throw EngineError(
                .invalidArgument, subject: "platform \"\(text)\"",
                message: "names no operating system and no architecture that is known")
        }
    }

    /// The platform that this program was built for.
    public static let host: Platform = {
        #if arch(x86_64)
            Platform(os: "linux", architecture: "amd64")
        #elseif arch(arm64)
            Platform(os: "linux", architecture: "arm64")
        #elseif arch(arm)
            Platform(os: "linux", architecture: "arm", variant: "v7")
        #elseif arch(i386)
            Platform(os: "linux", architecture: "386")
        #elseif arch(powerpc64le)
            Platform(os: "linux", architecture: "ppc64le")
        #elseif arch(s390x)
            Platform(os: "linux", architecture: "s390x")
        #elseif arch(riscv64)
            Platform(os: "linux", architecture: "riscv64")
        #else
            Platform(os: "linux", architecture: "unknown")
        #endif
    }()

    public var description: String {
        variant.isEmpty ? "\(os)/\(architecture)" : "\(os)/\(architecture)/\(variant)"
    }

    private enum CodingKeys: String, CodingKey {
        case os, architecture, variant
        case osVersion = "os.version"
        case osFeatures = "os.features"
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            os: try container.decodeIfPresent(String.self, forKey: .os) ?? "",
            architecture: try container.decodeIfPresent(String.self, forKey: .architecture) ?? "",
            variant: try container.decodeIfPresent(String.self, forKey: .variant) ?? "")
        osVersion = try container.decodeIfPresent(String.self, forKey: .osVersion)
        osFeatures = try container.decodeIfPresent([String].self, forKey: .osFeatures)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(os, forKey: .os)
        try container.encode(architecture, forKey: .architecture)
        if !variant.isEmpty { try container.encode(variant, forKey: .variant) }
        try container.encodeIfPresent(osVersion, forKey: .osVersion)
        try container.encodeIfPresent(osFeatures, forKey: .osFeatures)
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    private static let systems: Set<String> = [
        "linux", "windows", "darwin", "freebsd", "netbsd", "openbsd", "dragonfly", "solaris", "plan9", "android", "aix",
    ]
    private static let architectures: Set<String> = [
        "386", "amd64", "arm", "arm64", "ppc64", "ppc64le", "mips", "mipsle", "mips64", "mips64le", "riscv64", "s390x",
        "loong64", "wasm",
    ]

    /// containerd's table of spellings (containerd/platforms: database.go).
    private static func normalized(_ architecture: String, _ variant: String) -> (String, String) {
        switch architecture {
        case "i386", "i686": ("386", "")
        case "x86_64", "x86-64", "amd64": ("amd64", variant == "v1" ? "" : variant)
        case "aarch64", "arm64": ("arm64", variant == "8" || variant == "v8" ? "" : variant)
        case "armhf": ("arm", "v7")
        case "armel": ("arm", "v6")
        case "arm":
            switch variant {
            case "", "7": ("arm", "v7")
            case "5", "6", "8": ("arm", "v" + variant)
            default: ("arm", variant)
            }
        default: (architecture, variant)
        }
    }
}
