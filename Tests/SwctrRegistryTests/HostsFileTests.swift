import Foundation
import SwctrCore
import SwctrHTTP
import Testing

@testable import SwctrRegistry

@Suite("hosts.toml")
struct HostsFileTests {
    private func with(_ files: [String: String], _ body: (String) throws -> Void) throws {
        let root = FileManager.default.temporaryDirectory.path + "/swctr-hosts-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: root) }
        for (name, text) in files {
            let path = "\(root)/\(name)"
            try FileManager.default.createDirectory(
                atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        }
        try body(root)
    }

    @Test("mirrors keep their order, and each its own rules")
    func mirrors() throws {
        let text = """
            server = "https://upstream.example"
            skip_verify = true
            [host."https://zzz.example/prefix"]
              capabilities = ["pull"]
              override_path = true
            [host."http://aaa.example:5000"]
              capabilities = ["pull", "resolve"]
              ca = "ca.pem"
              dial_timeout = "3s"
              [host."http://aaa.example:5000".header]
                x-team = ["a", "b"]
            """
        try with(["r.example/hosts.toml": text, "r.example/ca.pem": "pem"]) { root in
            let file = try #require(try HostsFile.find("r.example", below: root))
            #expect(file.server?.url.host == "upstream.example")
            #expect(file.server?.verifies == false)
            #expect(file.mirrors.map(\.url.host) == ["zzz.example", "aaa.example"])
            #expect(file.mirrors[0].overridesPath && !file.mirrors[0].canResolve && !file.mirrors[0].canPush)
            #expect(file.mirrors[0].verifies)
            #expect(file.mirrors[1].authorities.map(\.text) == [Array("pem".utf8)])
            #expect(file.mirrors[1].headers.values("X-Team") == ["a", "b"])
            #expect(file.mirrors[1].connectTimeout == .seconds(3))
        }
    }

    @Test(
        "a folder is found by host and port, in two spellings, and the default is the last resort",
        arguments: [
            ("r.example:5000", "r.example:5000"), ("r.example:5000", "r.example_5000_"), ("other.example", "_default"),
        ])
    func places(domain: String, folder: String) throws {
        try with(["\(folder)/hosts.toml": "server = \"https://found.example\""]) { root in
            #expect(try HostsFile.find(domain, below: root)?.server?.url.host == "found.example")
            let other = try HostsFile.find("r.example:5001", below: root)
            #expect((other == nil) == (folder != "_default"))
        }
    }

    @Test(
        "what is wrong is named with its file and key",
        arguments: [
            ("capabilities = [\"fly\"]\nserver = \"https://x\"", "capabilities"), ("sevrer = \"x\"", "server"),
            ("server = \"https://x\"\nskip_verify = \"yes\"", "skip_verify"),
            ("[host.\"ftp://x\"]\n", "ftp://x"), ("server = \"https://x\"\ncaa = 1", "caa"), ("server = ", "TOML"),
            ("server = \"https://x\"\nca = \"none.pem\"", "none.pem"),
        ])
    func wrong(text: String, mention: String) throws {
        try with(["r.example/hosts.toml": text]) { root in
            let error = #expect(throws: EngineError.self) { try HostsFile.find("r.example", below: root) }
            #expect("\(error.map { "\($0)" } ?? "")".contains(mention))
        }
    }

    @Test("Docker's form, certificates alone, is understood")
    func docker() throws {
        try with(["r.example/ca.crt": "a", "r.example/me.cert": "b", "r.example/me.key": "c"]) { root in
            let server = try #require(try HostsFile.find("r.example", below: root)?.server)
            #expect(server.authorities.count == 1)
            #expect(server.identity?.certificate.text == Array("b".utf8))
            #expect(server.identity?.key.text == Array("c".utf8))
        }
    }

    @Test("flags speak of the registry and leave its mirrors alone; its login is not for them")
    func flags() throws {
        try with(["r.example/hosts.toml": "[host.\"https://mirror.example\"]\n"]) { root in
            var options = RegistryOptions()
            options.hostsFolders = [root]
            options.plainHTTP = true
            options.credentials = Credentials(username: "u", secret: "p")
            let hosts = try RegistryHost.all(for: "r.example", options)
            #expect(hosts.map(\.entry.url.isSecure) == [true, false])
            #expect(hosts.map(\.isMirror) == [true, false])
            #expect(hosts[1].url("a/b/tags/list").description == "http://r.example/v2/a/b/tags/list")
            #expect(!"\(Credentials(username: "u", secret: "geheim"))".contains("geheim"))
        }
    }

    @Test("Docker's own registry has another address than name")
    func dockerHub() throws {
        let hosts = try RegistryHost.all(for: "docker.io", RegistryOptions())
        #expect(hosts.map(\.entry.url.host) == ["registry-1.docker.io"])
        #expect(hosts[0].entry.url.isSecure)
    }
}
