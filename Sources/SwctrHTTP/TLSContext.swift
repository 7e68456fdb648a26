import CSSL
import SwctrCore

/// How servers are known and what we show them.
public struct TLSSettings: Sendable, Hashable {
    /// Whether a server must prove who it is.
    public var verifies: Bool
    /// PEM texts of authorities that are trusted besides the system's, each with where it is from, for messages.
    public var authorities: [PEM]
    /// A certificate and its key, for servers that ask.
    public var identity: Identity?

    public struct PEM: Sendable, Hashable {
        public var text: [UInt8]
        public var source: String
        public init(text: [UInt8], source: String) {
            self.text = text
            self.source = source
        }
    }

    public struct Identity: Sendable, Hashable {
        public var certificate: PEM
        public var key: PEM
        public init(certificate: PEM, key: PEM) {
            self.certificate = certificate
            self.key = key
        }
    }

    public init(verifies: Bool = true, authorities: [PEM] = [], identity: Identity? = nil) {
        self.verifies = verifies
        self.authorities = authorities
        self.identity = identity
    }
}

/// OpenSSL's context for one set of settings.
///
/// - Note: `@unchecked Sendable`: OpenSSL counts its references by atomic operations and locks what sessions share; here
///   it is changed in `init` only.
final class TLSContext: @unchecked Sendable {
    let raw: OpaquePointer

    /// - Throws: `.invalidArgument` that names the file whose text is no certificate or no key.
    init(_ settings: TLSSettings) throws(EngineError) {
        guard let raw = swctr_tls_context(settings.verifies ? 1 : 0) else {
            throw EngineError(.resourceExhausted, operation: "set up TLS", message: "no memory")
        }
        self.raw = raw
        for authority in settings.authorities {
            let count = swctr_tls_trust(raw, authority.text, Int32(clamping: authority.text.count))
            if count == 0 {
                throw Self.unreadable("certificate authority", authority, "holds no certificate in PEM form")
            }
        }
        guard let identity = settings.identity else { return }
        let (certificate, key) = (identity.certificate, identity.key)
        if swctr_tls_use_certificate(raw, certificate.text, Int32(clamping: certificate.text.count)) != 1 {
            throw Self.unreadable("client certificate", certificate, "holds no certificate in PEM form")
        }
        if swctr_tls_use_key(raw, key.text, Int32(clamping: key.text.count)) != 1 {
            throw Self.unreadable("client key", key, "is no key of the certificate in PEM form without a password")
        }
    }

    deinit { SSL_CTX_free(raw) }

    private static func unreadable(_ what: String, _ pem: TLSSettings.PEM, _ why: String) -> EngineError {
        EngineError(.invalidArgument, subject: "\(what) \(pem.source)", message: why)
    }
}
