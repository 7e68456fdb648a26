import Glibc
public import SwctrCore
import SwctrLinux

/// What a user logged in with: `~/.docker/config.json` and the helpers that it names, as Docker keeps them, so that one
/// login serves all tools.
public struct DockerConfig {
    /// A user name and a password, or a refresh token under an empty name.
    public struct Login: Equatable {
        public var username: String
        public var secret: String

        public init(username: String, secret: String) {
            self.username = username
            self.secret = secret
        }
    }

    private let path: String
    private var document: JSONValue

    /// Reads the user's file; one that is not there is empty.
    ///
    /// - Throws: `.invalidArgument` for a file that is no JSON object.
    public static func load() throws(EngineError) -> DockerConfig {
        let folder = getenv("DOCKER_CONFIG").map { String(cString: $0) } ?? ""
        let home = getenv("HOME").map { String(cString: $0) } ?? ""
        return try DockerConfig(path: (folder.isEmpty ? home + "/.docker" : folder) + "/config.json")
    }

    public init(path: String) throws(EngineError) {
        self.path = path
        do throws(EngineError) {
            let text = try TextFile.read(path, limit: 1 << 20)
            document = try JSONValue(parsing: Array(text.utf8))
        } catch {
            if error.code != .notFound {
                throw EngineError(.invalidArgument, subject: path, message: "cannot be read: \(error.message)")
            }
            document = .object([])
        }
        guard case .object = document else {
            throw EngineError(.invalidArgument, subject: path, message: "holds no JSON object")
        }
    }

    /// Docker's own registry has its login under an address of its first years.
    public static func key(for host: String) -> String {
        host == "docker.io" || host == "index.docker.io" || host == "registry-1.docker.io"
            ? "https://index.docker.io/v1/" : host
    }

    /// The login for a registry; nil where there is none.
    ///
    /// - Throws: what a helper failed with.
    public func login(for host: String) throws(EngineError) -> Login? {
        let key = Self.key(for: host)
        if let helper = helper(for: host) {
            if let login = try CredentialHelper(helper).get(key) { return login }
        }
        guard case .object(let members) = document["auths"] else { return nil }
        // Older files have addresses where newer ones have hosts.
        let entry = members.first { $0.name == key } ?? members.first { Self.host(of: $0.name) == host }
        guard let entry else { return nil }
        if case .string(let token) = entry.value["identitytoken"], !token.isEmpty {
            return Login(username: "", secret: token)
        }
        if case .string(let auth) = entry.value["auth"], let bytes = Base64.decode(auth) {
            let text = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            if let colon = text.firstIndex(of: ":") {
                return Login(username: String(text[..<colon]), secret: String(text[text.index(after: colon)...]))
            }
        }
        guard case .string(let name) = entry.value["username"], case .string(let secret) = entry.value["password"]
        else {
            return nil
        }
        return Login(username: name, secret: secret)
    }

    /// Keeps a login: with the helper where one is named, else in the file.
    ///
    /// - Returns: where it is now, for the user.
    public mutating func store(_ login: Login, for host: String) throws(EngineError) -> String {
        let key = Self.key(for: host)
        if let name = helper(for: host) {
            try CredentialHelper(name).store(login, for: key)
            try change(key, to: .object([]))
            return "docker-credential-\(name)"
        }
        let auth = Base64.encode(Array("\(login.username):\(login.secret)".utf8))
        try change(key, to: .object([.init("auth", .string(auth))]))
        return path
    }

    /// Forgets a login; tells whether there was one.
    public mutating func erase(_ host: String) throws(EngineError) -> Bool {
        let key = Self.key(for: host)
        let existed = try login(for: host) != nil
        if let helper = helper(for: host), existed { try CredentialHelper(helper).erase(key) }
        if document["auths"]?[key] != nil { try change(key, to: nil) }
        return existed
    }

    private func helper(for host: String) -> String? {
        if case .string(let name) = document["credHelpers"]?[host], !name.isEmpty { return name }
        if case .string(let name) = document["credsStore"], !name.isEmpty { return name }
        return nil
    }

    private static func host(of address: String) -> Substring {
        var rest = address[...]
        if let scheme = rest.firstRange(of: "://") { rest = rest[scheme.upperBound...] }
        return rest.prefix { $0 != "/" }
    }

    /// Writes the file anew, with everything else in it as it was.
    private mutating func change(_ key: String, to value: JSONValue?) throws(EngineError) {
        var auths = document["auths"] ?? .object([])
        auths.set(key, value)
        document.set("auths", auths)
        if let slash = path.lastIndex(of: "/") {
            let folder = String(path[..<slash])
            if mkdir(folder, 0o700) != 0 && errno != EEXIST { throw .system("create folder", subject: folder) }
        }
        let draft = path + ".swctr"
        _ = unlink(draft)
        let file = try openFile(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
        try Array((document.formatted(indent: "\t") + "\n").utf8).withUnsafeBufferPointer {
            (bytes) throws(EngineError) in
            try file.write(all: UnsafeRawBufferPointer(bytes), subject: draft)
        }
        if rename(draft, path) != 0 { throw .system("rename", subject: path) }
    }
}

extension JSONValue {
    /// Puts a member into an object, in its old place or at the end; nil takes it away.
    mutating func set(_ name: String, _ value: JSONValue?) {
        guard case .object(var members) = self else { return }
        if let index = members.firstIndex(where: { $0.name == name }) {
            if let value { members[index].value = value } else { members.remove(at: index) }
        } else if let value {
            members.append(Member(name, value))
        }
        self = .object(members)
    }
}
