import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct Login: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Log in to a registry",
        discussion: """
            The login is tried, and kept where Docker keeps it: with the helper that ~/.docker/config.json names, or in \
            that file. docker, podman and skopeo find it there.

            Examples:
              swctr login --username me registry.example.com
              pass show registry | swctr login --username me --password-stdin registry.example.com
            """)

    @Option("-u", "--username", valueName: "name", help: "User; asked for where it is missing.")
    var username: String?

    @Option("-p", "--password", valueName: "text", help: "Password; others can see it in the list of processes.")
    var password: String?

    @Flag("--password-stdin", help: "Read the password from standard input.")
    var passwordStdin = false

    @Flag("-k", "--skip-verify", help: "Take any certificate.")
    var skipVerify = false

    @Flag("--plain-http", help: "Speak HTTP without TLS.")
    var plainHTTP = false

    @Option("--hosts-dir", valueName: "folder", help: "Folder with a folder per registry that holds its hosts.toml.")
    var hostsDir: String?

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("registry", help: "Host of the registry, with its port.")
    var server = "docker.io"

    var action: Action { Action("login", server) }

    func validate() throws(ValidationError) {
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
    static let configuration = CommandConfiguration(
        abstract: "Forget the login to a registry")

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("registry", help: "Host of the registry, with its port.")
    var server = "docker.io"

    var action: Action { Action("logout", server) }

    func execute() throws(EngineError) -> Int32 {
        var config = try DockerConfig.load()
        emit(try config.erase(server) ? "logged out of \(server)" : "not logged in to \(server)")
        return 0
    }
}
