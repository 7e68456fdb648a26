import Glibc
import SwctrCore
import SwctrHTTP
import Synchronization

/// One server that has the repository: the registry itself or a mirror of it.
final class RegistryHost: Sendable {
    let entry: HostsFile.Entry
    let isMirror: Bool
    let client: HTTPClient
    let authorizer: Authorizer
    /// On this machine, where nobody said whether TLS is spoken: plain HTTP is tried after TLS failed.
    private let mayBePlain: Bool
    private let isPlain = Mutex(false)

    init(
        _ entry: HostsFile.Entry, isMirror: Bool, mayBePlain: Bool, credentials: Credentials?, options: RegistryOptions
    ) {
        self.entry = entry
        self.isMirror = isMirror
        self.mayBePlain = mayBePlain
        var timeouts = options.timeouts
        if let connect = entry.connectTimeout { timeouts.connect = connect }
        client = HTTPClient(
            tls: TLSSettings(verifies: entry.verifies, authorities: entry.authorities, identity: entry.identity),
            proxies: options.proxies, timeouts: timeouts, trace: options.trace)
        authorizer = Authorizer(client: client, credentials: credentials)
    }

    /// For messages.
    var name: String { entry.url.authority }

    /// `/v2/` and what follows, below the host's own path.
    func url(_ rest: String) -> HTTPURL {
        var url = entry.url
        if isPlain.withLock({ $0 }) { url.isSecure = false }
        var path = url.target.prefix { $0 != "?" }
        while path.hasSuffix("/") { path = path.dropLast() }
        url.target = (entry.overridesPath ? String(path) : "\(path)/v2") + "/" + rest
        return url
    }

    /// Whether a failed request is worth another try without TLS.
    func turnsPlain(after error: EngineError) -> Bool {
        guard mayBePlain, error.code == .failedPrecondition || error.code == .unavailable else { return false }
        return isPlain.withLock { isPlain in
            if isPlain { return false }
            isPlain = true
            return true
        }
    }

    /// The servers for a registry, mirrors first, as flags and the hosts folder say it.
    static func all(for domain: String, _ options: RegistryOptions) throws(EngineError) -> [RegistryHost] {
        var file: HostsFile?
        for folder in options.hostsFolders where file == nil { file = try HostsFile.find(domain, below: folder) }
        let address = domain == "docker.io" ? "registry-1.docker.io" : domain
        let usual = HostsFile.Entry(url: try HTTPURL("https://" + address))
        var server = file?.server ?? usual
        if server.url.host == "docker.io" { server.url.host = "registry-1.docker.io" }
        let saysHow = file?.server != nil || options.plainHTTP || options.namesTLS
        if options.plainHTTP {
            server.url = try HTTPURL("http://" + address)
        } else if options.namesTLS {
            server.url.isSecure = true
        }
        if options.skipVerify { server.verifies = false }
        server.authorities += options.authorities
        server.identity = options.identity ?? server.identity
        var hosts: [RegistryHost] = []
        for mirror in file?.mirrors ?? [] {
            // The registry may be among its own mirrors, with its own credentials then.
            let isOwn = mirror.url.host == server.url.host && mirror.url.port == server.url.port
            hosts.append(
                RegistryHost(
                    mirror, isMirror: true, mayBePlain: false, credentials: isOwn ? options.credentials : nil,
                    options: options))
        }
        hosts.append(
            RegistryHost(
                server, isMirror: false, mayBePlain: !saysHow && isThisMachine(server.url.host),
                credentials: options.credentials, options: options))
        return hosts
    }

    private static func isThisMachine(_ host: String) -> Bool {
        host == "localhost" || host == "::1" || host.hasPrefix("127.")
    }
}
