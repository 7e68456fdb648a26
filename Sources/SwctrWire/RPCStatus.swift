public import SwctrCore
public import SwctrProto
public import SwiftProtobuf

/// How a call failed, as it travels: `google.rpc.Status` with gRPC's numbers.
public struct RPCStatus: Error, Sendable, CustomStringConvertible {
    public var code: ErrorCode
    public var message: String
    /// Further messages; ours is a `swctr.v1.ErrorDetail`.
    public var details: [Google_Protobuf_Any]

    public init(_ code: ErrorCode, _ message: String, details: [Google_Protobuf_Any] = []) {
        self.code = code
        self.message = message
        self.details = details
    }

    /// The status in a response; nil for a success, which Go servers mark by no status at all and Rust servers by
    /// code 0.
    public init?(_ response: Ttrpc_Response) {
        guard response.hasStatus, response.status.code != 0 else { return nil }
        self.init(
            ErrorCode(rawValue: response.status.code), response.status.message, details: response.status.details)
    }

    /// The message that is sent.
    public var wire: Ttrpc_Status {
        var status = Ttrpc_Status()
        status.code = code.rawValue
        status.message = message
        status.details = details
        return status
    }

    /// The body of the response frame that reports it. An error too large for a frame is cut to its class.
    public var responseBody: [UInt8] {
        var response = Ttrpc_Response()
        response.status = wire
        if let bytes: [UInt8] = try? response.serializedBytes(), bytes.count <= FrameHeader.maximumLength {
            return bytes
        }
        response.status.details = []
        response.status.message = String(message.prefix(4096))
        return (try? response.serializedBytes()) ?? []
    }

    public var description: String { "\(code): \(message)" }
}
