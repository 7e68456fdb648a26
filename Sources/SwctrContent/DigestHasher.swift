internal import CCrypto
public import SwctrCore

/// Digests bytes as they pass by, with libcrypto.
///
/// - Note: `@unchecked Sendable`: it has one owner, and libcrypto's contexts are not bound to a thread.
public struct DigestHasher: ~Copyable, @unchecked Sendable {
    private let context: OpaquePointer
    private let algorithm: Digest.Algorithm

    /// - Throws: `.resourceExhausted` or `.internal` where libcrypto refuses.
    public init(_ algorithm: Digest.Algorithm = .sha256) throws(EngineError) {
        guard let context = EVP_MD_CTX_new() else {
            throw EngineError(.resourceExhausted, operation: "digest", message: "no memory for a digest context")
        }
        guard EVP_DigestInit_ex(context, algorithm == .sha256 ? EVP_sha256() : EVP_sha512(), nil) == 1 else {
            EVP_MD_CTX_free(context)
            throw EngineError(.internal, operation: "digest", message: "libcrypto has no \(algorithm.rawValue)")
        }
        self.context = context
        self.algorithm = algorithm
    }

    /// Takes in the next bytes.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        // It can fail only on a context that was never set up.
        _ = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
    }

    /// The digest of all bytes so far; ends the hasher.
    public consuming func finish() throws(EngineError) -> Digest {
        var bytes = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var length: UInt32 = 0
        guard EVP_DigestFinal_ex(context, &bytes, &length) == 1 else {
            throw EngineError(.internal, operation: "digest", message: "libcrypto could not finish")
        }
        return try Digest(algorithm, bytes[..<Int(length)])
    }

    /// The SHA-256 digest of a whole buffer.
    public static func digest(_ bytes: [UInt8]) throws(EngineError) -> Digest {
        var hasher = try DigestHasher()
        bytes.withUnsafeBytes { hasher.update($0) }
        return try hasher.finish()
    }

    deinit { EVP_MD_CTX_free(context) }
}

extension Digest {
    fileprivate init(_ algorithm: Algorithm, _ bytes: ArraySlice<UInt8>) throws(EngineError) {
        if algorithm == .sha256 {
            self.init(sha256: bytes)
            return
        }
        let hex = bytes.map { byte in
            let text = String(byte, radix: 16)
            return byte < 16 ? "0" + text : text
        }
        try self.init("\(algorithm.rawValue):\(hex.joined())")
    }
}
