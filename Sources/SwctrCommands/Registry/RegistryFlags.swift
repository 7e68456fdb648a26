import ArgumentParser
import Glibc
import SwctrClient
import SwctrCore
import SwctrLinux
import SwctrOCI
import SwctrProto

/// How the registry of a reference is spoken to.
struct RegistryFlags: ParsableArguments {
    @Flag(name: [.customShort("k"), .long], help: "Take any certificate.")
    var skipVerify = false

    @Flag(name: .customLong("plain-http"), help: "Speak HTTP without TLS.")
    var plainHTTP = false

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "User; a password that is missing is asked for (default: the login in ~/.docker/config.json).",
            valueName: "name[:password]"))
    var user: String?

    @Option(help: ArgumentHelp("Refresh token, in place of a user.", valueName: "token"))
    var refresh: String?

    @Option(
        help: ArgumentHelp("Folder with a folder per registry that holds its hosts.toml.", valueName: "folder"))
    var hostsDir: String?

    @Option(name: .customLong("tlscacert"), help: ArgumentHelp("Authority to trust, PEM.", valueName: "file"))
    var authority: String?

    @Option(name: .customLong("tlscert"), help: ArgumentHelp("Certificate to show, PEM.", valueName: "file"))
    var certificate: String?

    @Option(name: .customLong("tlskey"), help: ArgumentHelp("Key of that certificate, PEM.", valueName: "file"))
    var key: String?

    @Flag(name: .customLong("http-dump"), help: "Show requests and answers, without secrets, on standard error.")
    var dump = false

    @Flag(name: .customLong("http-trace"), help: "Show connections, requests and answers on standard error.")
    var trace = false

    mutating func validate() throws {
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
