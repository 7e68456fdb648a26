import SwctrCore
public import SwctrHTTP
import SwctrImages
import SwctrOCI
import SwctrProto
import SwctrRegistry

/// How registries are spoken to where a request says nothing else.
public struct RegistryDefaults: Sendable {
    /// Folders with a folder per registry; see `RegistryOptions.hostsFolders`.
    public var hostsFolders: [String]
    public var timeouts: HTTPClient.Timeouts
    public var proxies: ProxySettings

    public init(
        hostsFolders: [String] = [], timeouts: HTTPClient.Timeouts = HTTPClient.Timeouts(),
        proxies: ProxySettings = .none
    ) {
        self.hostsFolders = hostsFolders
        self.timeouts = timeouts
        self.proxies = proxies
    }

    /// What a request asks for, completed.
    ///
    /// - Parameter board: shows what is said to registries, where that is wanted.
    func options(_ wire: Swctr_V1_RegistryOptions, board: TransferBoard? = nil) throws(EngineError) -> RegistryOptions {
        var options = RegistryOptions()
        options.plainHTTP = wire.plainHTTP
        options.skipVerify = wire.skipVerify
        if !wire.secret.isEmpty || !wire.username.isEmpty {
            options.credentials = Credentials(username: wire.username, secret: wire.secret)
        }
        if !wire.hostsDir.isEmpty, !wire.hostsDir.hasPrefix("/") {
            throw EngineError(
                .invalidArgument, subject: "hosts folder \"\(wire.hostsDir)\"", message: "must be an absolute path")
        }
        options.hostsFolders = wire.hostsDir.isEmpty ? hostsFolders : [wire.hostsDir]
        if wire.hasAuthority { options.authorities = [TLSSettings.PEM(wire.authority)] }
        if wire.hasClientCertificate != wire.hasClientKey {
            throw EngineError(
                .invalidArgument, subject: "client certificate", message: "certificate and key go together")
        }
        if wire.hasClientCertificate {
            options.identity = TLSSettings.Identity(
                certificate: TLSSettings.PEM(wire.clientCertificate), key: TLSSettings.PEM(wire.clientKey))
        }
        options.timeouts = timeouts
        options.proxies = proxies
        if wire.trace, let board { options.trace = { board.trace($0) } }
        return options
    }
}

extension TLSSettings.PEM {
    fileprivate init(_ wire: Swctr_V1_PEM) { self.init(text: Array(wire.text), source: wire.source) }
}
