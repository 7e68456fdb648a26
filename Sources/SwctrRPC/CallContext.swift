public import SwctrCore
public import SwctrLinux
import SwctrWire

/// What a handler knows of its call besides the request.
public struct CallContext: Sendable {
    /// Full name of the service, as it was called.
    public let service: String
    public let method: String
    /// Values by lower-case key.
    public let metadata: [String: [String]]
    /// When the caller stops waiting; the handler's task is cancelled then.
    public let deadline: ContinuousClock.Instant?
    /// Who called, by the kernel's word.
    public let peer: PeerCredentials

    public init(
        service: String, method: String, metadata: [String: [String]] = [:], deadline: ContinuousClock.Instant? = nil,
        peer: PeerCredentials
    ) {
        self.service = service
        self.method = method
        self.metadata = metadata
        self.deadline = deadline
        self.peer = peer
    }

    /// The namespace that the call is for; `default` when it names none.
    ///
    /// - Throws: `.invalidArgument` for a name that breaks the identifier rule.
    public var namespace: Namespace {
        get throws(EngineError) {
            guard let name = metadata[Metadata.namespaceKey]?.first else { return .default }
            return try Namespace(name)
        }
    }
}
