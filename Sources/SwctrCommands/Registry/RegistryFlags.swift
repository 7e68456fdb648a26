import SwctrArguments
import Glibc
import SwctrClient
import SwctrCore
import SwctrLinux
import SwctrOCI
import SwctrProto

/// How the registry of a reference is spoken to.
struct RegistryFlags: ParsableArguments {
    @Flag("-k", "--skip-verify", help: "Take any certificate.")
    var skipVerify = false

    @Flag("--plain-http", help: "Speak HTTP without TLS.")
    var plainHTTP = false

    @Option(
        "-u", "--user", valueName: "name[:password]",
        help: "User; a password that is missing is asked for (default: the login in ~/.docker/config.json).")
    var user: String?

    @Option("--refresh", valueName: "token", help: "Refresh token, in place of a user.")
    var refresh: String?

    @Option("--hosts-dir", valueName: "folder", help: "Folder with a folder per registry that holds its hosts.toml.")
    var hostsDir: String?

    @Option("--tlscacert", valueName: "file", help: "Authority to trust, PEM.")
    var authority: String?

    @Option("--tlscert", valueName: "file", help: "Certificate to show, PEM.")
    var certificate: String?

    @Option("--tlskey", valueName: "file", help: "Key of that certificate, PEM.")
    var key: String?

    @Flag("--http-dump", help: "Show requests and answers, without secrets, on standard error.")
    var dump = false

    @Flag("--http-trace", help: "Show connections, requests and answers on standard error.")
    var trace = false

    func validate() throws(ValidationError) {
        if (certificate == nil) != (key == nil) { throw ValidationError("--tlscert and --tlskey go together") }
        if plainHTTP, skipVerify || authority != nil || certificate != nil {
            throw ValidationError("--plain-http contradicts --skip-verify and --tls…")
        }
        if user != nil, refresh != nil { throw ValidationError("--user and --refresh contradict each other") }
    }

    /// What the manager is told.
    ///
    /// - Parameter reference: tells whose login is meant.
    func message(for reference: String) throws(EngineError) -> Swctr_V1_RegistryOptions {
        var options = Swctr_V1_RegistryOptions()
        options.skipVerify = skipVerify
        options.plainHTTP = plainHTTP
        options.trace = dump || trace
        if let hostsDir { options.hostsDir = try Self.absolute(hostsDir) }
        if let authority { options.authority = try Self.pem(authority) }
        if let certificate, let key {
            options.clientCertificate = try Self.pem(certificate)
            options.clientKey = try Self.pem(key)
        }
        let login = try login(for: try Reference(normalizing: reference).domain)
        options.username = login?.username ?? ""
        options.secret = login?.secret ?? ""
        return options
    }

    private func login(for domain: String) throws(EngineError) -> DockerConfig.Login? {
        if let refresh { return DockerConfig.Login(username: "", secret: refresh) }
        guard let user else { return try DockerConfig.load().login(for: domain) }
        if let colon = user.firstIndex(of: ":") {
            return DockerConfig.Login(
                username: String(user[..<colon]), secret: String(user[user.index(after: colon)...]))
        }
        return DockerConfig.Login(username: user, secret: try SecretPrompt.ask("Password of \(user): "))
    }

    static func absolute(_ path: String) throws(EngineError) -> String {
        guard let full = realpath(path, nil) else { throw .system("open", subject: path) }
        defer { free(full) }
        return String(cString: full)
    }

    private static func pem(_ path: String) throws(EngineError) -> Swctr_V1_PEM {
        var pem = Swctr_V1_PEM()
        pem.source = path
        pem.text = collection(of: Array(try TextFile.read(path, limit: 1 << 20).utf8))
        return pem
    }
}
