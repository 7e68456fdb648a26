import SwctrCore
public import SwctrHTTP

/// Who asks. Never shown: its description holds no secret.
public struct Credentials: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible {
    /// Empty where `secret` is a refresh token.
    public var username: String
    public var secret: String

    public init(username: String, secret: String) {
        self.username = username
        self.secret = secret
    }

    public var description: String { username.isEmpty ? "a refresh token" : "user \(username)" }
    public var debugDescription: String { description }
}

/// How registries are spoken to in one pull or push.
public struct RegistryOptions: Sendable {
    /// No TLS with the registry itself; what a hosts.toml says of mirrors stays.
    public var plainHTTP = false
    /// TLS, but anybody may be the registry.
    public var skipVerify = false
    /// For the registry that the reference names, and for nobody else.
    public var credentials: Credentials?
    /// Folders with a folder per registry, in which a hosts.toml says how it is reached. The first that has one counts.
    public var hostsFolders: [String] = []
    public var authorities: [TLSSettings.PEM] = []
    public var identity: TLSSettings.Identity?
    public var timeouts = HTTPClient.Timeouts()
    public var proxies = ProxySettings.none
    /// Told of each request and answer, without secrets.
    public var trace: (@Sendable (String) -> Void)?

    public init() {}

    /// Whether TLS was asked for in so many words.
    var namesTLS: Bool { skipVerify || !authorities.isEmpty || identity != nil }
}
