public import SwctrCore
import SwctrProto
import SwiftProtobuf

extension RPCStatus {
    /// An engine error on its way out: the message is its whole line, which any client can print; operation, subject,
    /// causes and hint go beside it as a `swctr.v1.ErrorDetail`.
    public init(_ error: EngineError) {
        self.init(error.code == .ok ? .unknown : error.code, error.description)
        if error.operation.isEmpty, error.subject.isEmpty, error.hint.isEmpty, error.causes.isEmpty { return }
        var detail = Swctr_V1_ErrorDetail()
        detail.operation = error.operation
        detail.subject = error.subject
        detail.causes = error.causes
        detail.hint = error.hint
        // Packing fails only for text that is no UTF-8, which a String never is; the status stands without it.
        if let packed = try? Google_Protobuf_Any(message: detail) { details.append(packed) }
    }

    /// Any error as a status.
    public init(wrapping error: any Error) {
        if let status = error as? RPCStatus {
            self = status
        } else {
            self.init(EngineError(wrapping: error))
        }
    }
}

extension EngineError {
    /// A status as it came in; with our detail it is the error that was sent, without one it is code and message.
    public init(_ status: RPCStatus) {
        self.init(status.code, message: status.message)
        for packed in status.details {
            guard packed.isA(Swctr_V1_ErrorDetail.self), let detail = try? Swctr_V1_ErrorDetail(unpackingAny: packed)
            else { continue }
            operation = detail.operation
            subject = detail.subject
            causes = detail.causes
            hint = detail.hint
            let prefix = [operation, subject].filter { !$0.isEmpty }.joined(separator: ": ") + ": "
            if message.hasPrefix(prefix) { message = String(message.dropFirst(prefix.count)) }
            return
        }
    }
}
