import Foundation

/// Debian's docker-registry of one test, on the loopback, with its own folder.
public final class Registry {
    public static let user = "tester"
    public static let password = "s3cret-pass"
    /// bcrypt of the password, so that no program is needed to make it.
    private static let line = "tester:$2y$05$abcdefghijklmnopqrstuuV7fpPozvyqJfnY19y0802WTlXUm6Rjy\n"

    /// `127.0.0.1:PORT`.
    public let host: String
    private let child: Child

    /// - Parameters:
    ///   - isClosed: wants the user and the password.
    ///   - identity: speaks TLS with this certificate.
    public init(in workspace: Workspace, isClosed: Bool = false, identity: Certificates? = nil) throws {
        let folder = workspace.file("registry-\(UInt32.random(in: 0...(.max)))")
        try Host.makeFolder(folder)
        let port = try Self.freePort()
        host = "127.0.0.1:\(port)"
        var configuration = """
            version: 0.1
            log: {level: info, fields: {service: registry}}
            storage:
              filesystem: {rootdirectory: \(folder)/data}
              delete: {enabled: true}
            http:
              addr: 127.0.0.1:\(port)

            """
        if let identity {
            configuration += "  tls: {certificate: \(identity.certificate), key: \(identity.key)}\n"
        }
        if isClosed {
            try Host.write(Self.line, to: folder + "/htpasswd")
            configuration += "auth:\n  htpasswd: {realm: tests, path: \(folder)/htpasswd}\n"
        }
        try Host.write(configuration, to: folder + "/config.yml")
        let log = folder + "/log"
        try Host.write("", to: log)
        child = try Child(["docker-registry", "serve", folder + "/config.yml"], log: log)
        workspace.atEnd { [child] in
            child.signal(SIGKILL)
            _ = try child.wait(within: .seconds(5))
        }
        try Self.await("listening on", in: log, within: .seconds(20))
    }

    /// Waits until a program has written `text` to its log.
    private static func await(_ text: String, in log: String, within limit: Duration) throws {
        let watch = try Descriptor(inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK)), "watch \(log)")
        if inotify_add_watch(watch.number, log, UInt32(IN_MODIFY)) < 0 {
            throw TestFailure("watch \(log): errno \(errno)")
        }
        let deadline = ContinuousClock.now.advanced(by: limit)
        var events = [UInt8](repeating: 0, count: 4096)
        while try !Host.read(log).contains(text) {
            if ContinuousClock.now >= deadline {
                throw TestFailure("\(log) never says \"\(text)\": \(try Host.read(log).suffix(500))")
            }
            _ = awaitReadiness([(watch.number, Int16(POLLIN))], until: deadline)
            _ = read(watch.number, &events, events.count)
        }
    }

    /// A port that nobody had a moment ago.
    public static func freePort() throws -> UInt16 {
        let socket = try Descriptor(Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0), "socket")
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket.number, $0, size) == 0 ? getsockname(socket.number, $0, &size) : -1
            }
        }
        if result != 0 { throw TestFailure("no free port: errno \(errno)") }
        return UInt16(bigEndian: address.sin_port)
    }
}

/// A registry that fails as it is told to: Tests/Support/faulty-registry.
public final class FaultyRegistry {
    public let host: String
    private let plan: String
    private let log: String
    private let child: Child

    /// - Parameters:
    ///   - token: wants a bearer token, which it gives for this user and password.
    public init(
        in workspace: Workspace, before registry: Registry, token: String? = nil, identity: Certificates? = nil
    ) throws {
        plan = workspace.file("plan-\(UInt32.random(in: 0...(.max)))")
        log = plan + ".log"
        try Host.write("[]", to: plan)
        try Host.write("", to: log)
        var command = [
            Build.repository + "/Tests/Support/faulty-registry", "--upstream", registry.host, "--plan", plan, "--log",
            log,
        ]
        if let token { command += ["--token", token] }
        if let identity { command += ["--cert", identity.certificate, "--key", identity.key] }
        child = try Child(command, input: .open)
        workspace.atEnd { [child] in
            child.closeInput()
            _ = try child.wait(within: .seconds(10))
        }
        try child.expect("\n")
        let words = String(decoding: child.output, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        guard words.count == 2, let port = UInt16(words[1]) else {
            throw TestFailure("the proxy does not say its port")
        }
        host = "127.0.0.1:\(port)"
    }

    /// What to do to the requests that come from now on, as JSON.
    public func plan(_ rules: String...) throws {
        try Host.write("[\(rules.joined(separator: ","))]", to: plan + ".new")
        if rename(plan + ".new", plan) != 0 { throw TestFailure("rename the plan: errno \(errno)") }
    }

    /// One answer that it gave.
    public struct Answer {
        public let method: String
        public let path: String
        public let status: Int
        /// Bytes of the body.
        public let sent: Int
        public let range: String
    }

    /// What it answered so far.
    public func answers() throws -> [Answer] {
        try Host.read(log).split(separator: "\n").map { line in
            let words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
            return Answer(
                method: words[0], path: words[1], status: Int(words[2]) ?? 0, sent: Int(words[3]) ?? 0, range: words[4])
        }
    }

    public func forget() throws { try Host.write("", to: log) }
}

/// A certificate for this machine, and the authority that signed it.
public struct Certificates {
    public let authority: String
    public let certificate: String
    public let key: String

    public init(in workspace: Workspace) throws {
        let folder = workspace.file("tls")
        try Host.makeFolder(folder)
        authority = folder + "/ca.crt"
        certificate = folder + "/server.crt"
        key = folder + "/server.key"
        try must(
            [
                "sh", "-ec",
                """
                openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj '/CN=tests' \
                    -keyout ca.key -out ca.crt
                openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/CN=127.0.0.1' \
                    -keyout server.key -out server.csr
                printf 'subjectAltName=IP:127.0.0.1,DNS:localhost' > san
                openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile san \
                    -out server.crt
                """,
            ], directory: folder)
    }
}
