import Glibc
import SwctrCore
import SwctrLinux

/// A program that keeps logins, `docker-credential-NAME` (github.com/docker/docker-credential-helpers).
struct CredentialHelper {
    private let name: String

    /// - Throws: `.invalidArgument` for a name that would lead elsewhere.
    init(_ name: String) throws(EngineError) {
        if name.contains("/") || name.contains("\0") {
            throw EngineError(
                .invalidArgument, subject: "credential helper \"\(name)\"", message: "is no program's name")
        }
        self.name = name
    }

    /// Nil where it knows no login for the address.
    func get(_ address: String) throws(EngineError) -> DockerConfig.Login? {
        let outcome = try run("get", Array(address.utf8))
        // The protocol has no other sign for this than a text; whoever has nothing to tell has no login for us.
        if outcome.status != ExitStatus(code: 0) { return nil }
        let answer = try JSONValue(parsing: outcome.output)
        guard case .string(let username) = answer["Username"], case .string(let secret) = answer["Secret"],
            !secret.isEmpty
        else { return nil }
        return DockerConfig.Login(username: username == "<token>" ? "" : username, secret: secret)
    }

    func store(_ login: DockerConfig.Login, for address: String) throws(EngineError) {
        let document = JSONValue.object([
            .init("ServerURL", .string(address)), .init("Username", .string(login.username)),
            .init("Secret", .string(login.secret)),
        ])
        try check(try run("store", Array(document.compact.utf8)), "store")
    }

    func erase(_ address: String) throws(EngineError) { try check(try run("erase", Array(address.utf8)), "erase") }

    private func check(_ outcome: Subprocess.Outcome, _ verb: String) throws(EngineError) {
        if outcome.status == ExitStatus(code: 0) { return }
        throw EngineError(
            .unknown, operation: verb, subject: "docker-credential-\(name)",
            message: outcome.text.isEmpty ? "failed (\(outcome.status))" : String(outcome.text.prefix(300)))
    }

    private func run(_ verb: String, _ input: [UInt8]) throws(EngineError) -> Subprocess.Outcome {
        let program = "docker-credential-\(name)"
        let search = getenv("PATH").map { String(cString: $0) } ?? "/usr/local/bin:/usr/bin:/bin"
        let folders = search.split(separator: ":")
        let places: [String] = folders.map { "\($0)/\(program)" }
        guard let path = places.first(where: { access($0, X_OK) == 0 }) else {
            throw EngineError(
                .notFound, subject: program, message: "not found in PATH, but Docker's config.json names it",
                hint: "install it, or take it out of ~/.docker/config.json")
        }
        var environment: [String] = []
        var next = environ
        while let entry = next.pointee {
            environment.append(String(cString: entry))
            next += 1
        }
        return try Subprocess(path: path, arguments: [verb], environment: environment, input: input)
            .run(timeout: .seconds(60))
    }
}
