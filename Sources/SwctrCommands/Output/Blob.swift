import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

/// Documents of the content store, as the client shows them.
enum Blob {
    /// Bytes of a document that is shown; a larger one is nobody's honest work.
    private static let limit = 8 << 20

    /// - Throws: `.notFound`; `.resourceExhausted` for what is too large for a document.
    static func bytes(_ digest: String, _ client: Client) throws(EngineError) -> [UInt8] {
        var request = Swctr_V1_ReadContentRequest()
        request.digest = digest
        var bytes: [UInt8] = []
        try client.stream(ServiceName.content, "Read", request, returning: Swctr_V1_ReadContentResponse.self) {
            part throws(EngineError) in
            bytes += [UInt8](part.data)
            if bytes.count > limit {
                throw EngineError(
                    .resourceExhausted, subject: "content \(digest)", message: "is too large for a document")
            }
            return true
        }
        return bytes
    }

    static func json(_ digest: String, _ client: Client) throws(EngineError) -> JSONValue {
        try JSONValue(parsing: try bytes(digest, client))
    }
}

extension JSONValue {
    var text: String? {
        guard case .string(let value) = self else { return nil }
        return value
    }

    var list: [JSONValue] {
        guard case .array(let values) = self else { return [] }
        return values
    }

    var number: Int64? {
        guard case .number(let spelling) = self else { return nil }
        return Int64(spelling)
    }
}
