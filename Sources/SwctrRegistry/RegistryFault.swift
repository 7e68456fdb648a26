import Foundation
import SwctrCore
import SwctrHTTP

/// What a registry's refusal means.
enum RegistryFault {
    private struct Body: Decodable {
        struct Entry: Decodable {
            var code: String?
            var message: String?
        }
        var errors: [Entry]?
        var details: String?
    }

    /// An error for an answer that is none of those wanted.
    static func error(_ exchange: HTTPExchange, _ operation: String, _ subject: String) -> EngineError {
        let body = (try? exchange.bytes(limit: 64 << 10)) ?? []
        let (code, word): (ErrorCode, String) =
            switch exchange.status {
            case 401: (.unauthenticated, "unauthorized")
            case 403: (.permissionDenied, "access is denied")
            case 404: (.notFound, "not found")
            case 405: (.unimplemented, "the registry does not take this")
            case 400, 413, 416: (.invalidArgument, "the registry refuses this")
            case 429: (.resourceExhausted, "too many requests")
            case 500...: (.unavailable, "the registry fails")
            default: (.unknown, "the registry gives an answer that is not expected")
            }
        return EngineError(
            code, operation: operation, subject: subject,
            message: "\(word) (status \(exchange.status))" + text(of: body))
    }

    /// `: CODE: message` of the distribution specification's error body; empty where there is none.
    static func text(of body: [UInt8]) -> String {
        guard let parsed = try? JSONDecoder().decode(Body.self, from: Data(body)) else { return "" }
        let entries = (parsed.errors ?? []).prefix(3).map { entry in
            [entry.code, entry.message].compactMap { $0 }.joined(separator: ": ")
        }
        let text = entries.isEmpty ? parsed.details ?? "" : entries.joined(separator: "; ")
        // Another's text: it must stay one line and harmless.
        let plain = String(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7f ? " " : Character($0) })
        return plain.isEmpty ? "" : ": " + plain.prefix(300)
    }
}
