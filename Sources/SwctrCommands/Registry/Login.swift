import ArgumentParser
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct Login: ClientCommand {
    static let configuration = CommandConfiguration.command(
        "login",
        abstract: "Log in to a registry",
        discussion: """
            The login is tried, and kept where Docker keeps it: with the helper that ~/.docker/config.json names, or in \
            that file. docker, podman and skopeo find it there.

            Examples:
              swctr login --username me registry.example.com
              pass show registry | swctr login --username me --password-stdin registry.example.com
            """)

    @Option(name: .shortAndLong, help: ArgumentHelp("User; asked for where it is missing.", valueName: "name"))
    var username: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Password; others can see it in the list of processes.", valueName: "text"))
    var password: String?

    @Flag(help: "Read the password from standard input.")
    var passwordStdin = false

    @Flag(name: [.customShort("k"), .long], help: "Take any certificate.")
    var skipVerify = false

    @Flag(name: .customLong("plain-http"), help: "Speak HTTP without TLS.")
    var plainHTTP = false

    @Option(help: ArgumentHelp("Folder with a folder per registry that holds its hosts.toml.", valueName: "folder"))
    var hostsDir: String?

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument(help: ArgumentHelp("Host of the registry, with its port.", valueName: "registry"))
    var server = "docker.io"

    var action: Action { Action("login", server) }

    mutating func validate() throws {
        if password != nil, passwordStdin {
            throw ValidationError("--password and --password-stdin contradict each other")
        }
        if passwordStdin, username == nil { throw ValidationError("--password-stdin needs --username") }
    }

    func execute() throws(EngineError) -> Int32 {
        let name: String
        if let username {
            name = username
        } else {
            draw("Username: ")
            name = try SecretPrompt.line()
        }
        let secret: String
        if let password {
            secret = password
        } else {
            secret = passwordStdin ? try SecretPrompt.line() : try SecretPrompt.ask("Password of \(name): ")
        }
        if name.isEmpty || secret.isEmpty {
            throw EngineError(.invalidArgument, subject: "login", message: "needs a user and a password")
        }
        let login = DockerConfig.Login(username: name, secret: secret)
        var request = Swctr_V1_LoginRequest()
        request.server = server
        request.registry.username = name
        request.registry.secret = secret
        request.registry.skipVerify = skipVerify
        request.registry.plainHTTP = plainHTTP
        if let hostsDir { request.registry.hostsDir = try RegistryFlags.absolute(hostsDir) }
        _ = try global.connect().call(ServiceName.images, "Login", request, returning: Swctr_V1_LoginResponse.self)
        var config = try DockerConfig.load()
        emit("logged in to \(server); kept in \(try config.store(login, for: server))")
        return 0
    }
}

struct Logout: ClientCommand {
    static let configuration = CommandConfiguration.command(
        "logout",
        abstract: "Forget the login to a registry")

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument(help: ArgumentHelp("Host of the registry, with its port.", valueName: "registry"))
    var server = "docker.io"

    var action: Action { Action("logout", server) }

    func execute() throws(EngineError) -> Int32 {
        var config = try DockerConfig.load()
        emit(try config.erase(server) ? "logged out of \(server)" : "not logged in to \(server)")
        return 0
    }
}
