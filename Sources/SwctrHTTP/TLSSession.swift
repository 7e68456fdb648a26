import CSSL
import Glibc
import SwctrCore
import SwctrLinux

/// TLS on one connected, non-blocking socket.
final class TLSSession {
    private let raw: OpaquePointer
    private let context: TLSContext
    private let host: String

    /// - Parameter descriptor: stays the caller's, and open for as long as the session is used.
    init(_ context: TLSContext, descriptor: Int32, host: String) throws(EngineError) {
        guard let raw = swctr_tls_session(context.raw, descriptor, host, Self.isAddress(host) ? 1 : 0) else {
            throw EngineError(.invalidArgument, operation: "set up TLS", subject: host, message: "is no host for TLS")
        }
        self.raw = raw
        self.context = context
        self.host = host
    }

    deinit { SSL_free(raw) }

    /// What a step of the protocol came to.
    enum Step {
        case done(Int)
        case wants(PollSet.Interest)
    }

    func handshake() throws(EngineError) -> Step { try step("TLS handshake") { SSL_connect(raw) } }

    /// 0 bytes at the end of the stream.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(EngineError) -> Step {
        try step("read") { SSL_read(raw, buffer.baseAddress, Int32(clamping: buffer.count)) }
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(EngineError) -> Step {
        try step("write") { SSL_write(raw, bytes.baseAddress, Int32(clamping: bytes.count)) }
    }

    private func step(_ operation: String, _ call: () -> Int32) throws(EngineError) -> Step {
        ERR_clear_error()
        errno = 0
        let result = call()
        if result > 0 { return .done(Int(result)) }
        let number = errno
        switch SSL_get_error(raw, result) {
        case SSL_ERROR_WANT_READ: return .wants(.readable)
        case SSL_ERROR_WANT_WRITE: return .wants(.writable)
        case SSL_ERROR_ZERO_RETURN: return .done(0)
        case SSL_ERROR_SYSCALL where number != 0:
            throw .system(operation, subject: host, errno: number)
        default: throw failure(operation)
        }
    }

    private func failure(_ operation: String) -> EngineError {
        var text = [CChar](repeating: 0, count: 256)
        let reason = swctr_tls_error(&text, text.count)
        let verdict = SSL_get_verify_result(raw)
        if verdict != X509_V_OK {
            return EngineError(
                .permissionDenied, operation: operation, subject: host,
                message: "its certificate is not trusted: " + String(cString: X509_verify_cert_error_string(verdict)),
                hint: "name its authority with --tlscacert or in hosts.toml, or use --skip-verify")
        }
        if swctr_tls_is_plain(reason) != 0 {
            return EngineError(
                .failedPrecondition, operation: operation, subject: host, message: "does not speak TLS",
                hint: "use --plain-http where that is meant")
        }
        let message = text.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
        return EngineError(
            .unavailable, operation: operation, subject: host,
            message: message.isEmpty ? "the connection was closed during it" : "TLS: \(message)")
    }

    private static func isAddress(_ host: String) -> Bool {
        var four = in_addr()
        var six = in6_addr()
        return inet_pton(AF_INET, host, &four) == 1 || inet_pton(AF_INET6, host, &six) == 1
    }
}
