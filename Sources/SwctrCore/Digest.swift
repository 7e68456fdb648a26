/// `algorithm:hex`, as OCI descriptors carry it. Only SHA-256 and SHA-512 are known.
public struct Digest: Hashable, Sendable, Comparable, CustomStringConvertible {
    public enum Algorithm: String, Sendable {
        case sha256, sha512

        /// Hex digits of a digest.
        public var hexLength: Int { self == .sha256 ? 64 : 128 }
    }

    public let algorithm: Algorithm
    /// Lower-case hex.
    public let hex: String

    /// Parses `sha256:…`.
    ///
    /// - Throws: `.invalidArgument` that quotes the text.
    public init(_ text: String) throws(EngineError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let algorithm = Algorithm(rawValue: String(parts[0])),
            parts[1].utf8.count == algorithm.hexLength,
            parts[1].utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) })
        else {
            throw EngineError(
                .invalidArgument, subject: "digest \"\(text.prefix(160))\"",
                message: "is not of the form sha256:<64 lower-case hex digits>")
        }
        self.algorithm = algorithm
        hex = String(parts[1])
    }

    /// The digest of bytes already hashed with SHA-256.
    public init(sha256 bytes: some Sequence<UInt8>) {
        algorithm = .sha256
        var text = ""
        text.reserveCapacity(64)
        for byte in bytes {
            text.unicodeScalars.append(Self.digits[Int(byte >> 4)])
            text.unicodeScalars.append(Self.digits[Int(byte & 15)])
        }
        hex = text
    }

    public var description: String { "\(algorithm.rawValue):\(hex)" }
    public static func < (left: Digest, right: Digest) -> Bool { left.description < right.description }

    private static let digits = Array("0123456789abcdef".unicodeScalars)
}
