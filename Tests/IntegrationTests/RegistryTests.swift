import Foundation
import SwctrTestSupport
import Testing

extension Integration {
    /// Pull and push against Debian's docker-registry, and against one that fails on purpose.
    @Suite("Registries")
    struct RegistryTests {
        /// An image of several layers, large enough to be cut in the middle.
        private static func archive(in workspace: Workspace) throws -> String {
            let script = """
                set -e
                skopeo copy -q oci-archive:\(try TestImage.archive()) oci:layers:1
                for n in 1 2 3; do
                    mkdir -p tree$n/data && head -c 700000 /dev/urandom > tree$n/data/file$n
                    umoci insert --image layers:1 tree$n/data/file$n /data/file$n
                done
                tar -C layers -cf layers.tar .
                """
            try must(["sh", "-c", script], directory: workspace.path)
            return workspace.file("layers.tar")
        }

        /// A manager, a registry that has the image `app:1`, and a proxy before it. The manager has nothing of it.
        private func with(
            token: String? = nil, _ body: (Manager, Registry, FaultyRegistry, Workspace) throws -> Void
        ) throws {
            try Workspace.with { workspace in
                try Host.write("[registry]\nstall_timeout = 1\n", to: workspace.file("config.toml"))
                let manager = try Manager(
                    in: workspace, arguments: ["--config", workspace.file("config.toml")])
                let registry = try Registry(in: workspace)
                let proxy = try FaultyRegistry(in: workspace, before: registry, token: token)
                let client = manager.client
                try client.must("images", "import", "--base-name", "local/app", try Self.archive(in: workspace))
                try client.must("images", "push", "--plain-http", "\(registry.host)/app:1", "local/app:1")
                try client.must("images", "rm", "--sync", "local/app:1")
                #expect(try client.must("content", "ls", "-q").lines == [])
                try body(manager, registry, proxy, workspace)
            }
        }

        /// The image is here, whole, unpacked, and of the content that was pushed.
        private func expectWhole(_ client: Client, _ name: String) throws {
            let check = try client.must("images", "check", "name==\(name)").lines.dropFirst()
            #expect(
                check.count == 1 && check.allSatisfy { $0.contains("complete (") && $0.hasSuffix("true") }, "\(check)")
            for digest in try client.must("content", "ls", "-q").lines {
                let bytes = try client.must("content", "get", digest).output
                let found = try must(["sha256sum"], input: .bytes(bytes)).text.prefix(64)
                #expect(digest == "sha256:\(found)")
            }
            #expect(try client.must("content", "active").lines.count == 1, "no download is left over")
        }

        @Test("what is pushed comes back the same, and skopeo reads it")
        func roundTrip() throws {
            try with { manager, registry, _, _ in
                let client = manager.client
                let name = "\(registry.host)/app:1"
                #expect(try client.must("images", "pull", "--plain-http", name).lines == [name])
                try expectWhole(client, name)
                let run = try client.must("run", "--rm", name, "a", "sh", "-c", "ls /data | tr '\\n' ' '")
                #expect(run.text == "file1 file2 file3 ")
                let digest = try client.must("images", "ls").lines[1].split(separator: " ")[2]
                let seen = try must(
                    [
                        "skopeo", "inspect", "--tls-verify=false", "--format", "{{.Digest}}", "docker://\(name)",
                    ]).text
                #expect(seen == "\(digest)\n")
                // By digest, and with nothing to do.
                let pulled = try client.must(
                    "images", "pull", "--quiet", "--plain-http", "\(registry.host)/app@\(digest)")
                #expect(pulled.text == "\(digest)\n")
                // A second repository of the registry gets the layers by mounting.
                let pushed = try client.must(
                    "images", "push", "--plain-http", "--progress", "json", "\(registry.host)/other:1", name)
                let layers = pushed.lines.filter { $0.contains("\"layer\"") }
                #expect(layers.contains { $0.contains("\"mounted\"") })
                #expect(!layers.contains { $0.contains("\"done\"") }, "nothing is uploaded")
            }
        }

        @Test("a loopback registry needs no flag, whether it speaks TLS or not")
        func loopback() throws {
            try with { manager, registry, _, _ in
                try manager.client.must("images", "pull", "\(registry.host)/app:1")
                try expectWhole(manager.client, "\(registry.host)/app:1")
            }
        }

        /// What happens on the way, and how often a layer's bytes may be sent at most.
        static let faults: [(name: String, rules: [String])] = [
            ("layers are cut", [#"{"path": "/blobs/", "do": "cut", "after": 100000, "times": 6}"#]),
            ("layers are cut at once", [#"{"path": "/blobs/", "do": "cut", "after": 0, "times": 4}"#]),
            ("layers stall", [#"{"path": "/blobs/", "do": "stall", "after": 50000, "times": 2}"#]),
            ("layers end too early", [#"{"path": "/blobs/", "do": "truncate", "after": 65536, "times": 3}"#]),
            (
                "the registry fails",
                [
                    #"{"path": "/blobs/", "do": "status", "status": 500, "times": 3}"#,
                    #"{"path": "/manifests/", "do": "status", "status": 503, "times": 2}"#,
                ]
            ),
            (
                "the registry asks for patience",
                [#"{"path": "/v2/", "do": "status", "status": 429, "headers": {"Retry-After": "1"}, "times": 2}"#]
            ),
            ("blobs are elsewhere", [#"{"path": "/blobs/", "method": "GET", "do": "redirect", "times": 4}"#]),
            (
                "a cut layer cannot be taken up",
                [
                    #"{"path": "/blobs/", "do": "cut", "after": 300000, "times": 2}"#,
                    #"{"path": "/blobs/", "do": "norange", "times": 20}"#,
                ]
            ),
        ]

        @Test("a pull gets through", arguments: faults.map(\.name))
        func getsThrough(_ fault: String) throws {
            try with { manager, _, proxy, _ in
                let name = "\(proxy.host)/app:1"
                guard let rules = Self.faults.first(where: { $0.name == fault })?.rules else { return }
                try proxy.plan(rules.joined(separator: ","))
                try manager.client.must("images", "pull", "--plain-http", name, within: .seconds(60))
                try expectWhole(manager.client, name)
                // What was here is not sent again, unless the server cannot skip it.
                if fault != "a cut layer cannot be taken up" {
                    let layers = Dictionary(
                        grouping: try proxy.answers().filter { $0.path.contains("/blobs/") && $0.status < 300 },
                        by: \.path)
                    for digest in try manager.client.must("content", "ls", "-q").lines {
                        let size = try manager.client.must("content", "get", digest).output.count
                        let sent = layers["/v2/app/blobs/\(digest)"]?.reduce(0) { $0 + $1.sent } ?? 0
                        #expect(sent <= size, "\(digest): \(sent) bytes were sent, it has \(size)")
                    }
                }
            }
        }

        @Test("changed bytes are noticed, never kept, and fetched once more")
        func corruption() throws {
            try with { manager, _, proxy, _ in
                let client = manager.client
                let name = "\(proxy.host)/app:1"
                // The configuration comes first, and alone; then a layer is changed.
                try proxy.plan(
                    #"{"path": "/blobs/", "do": "norange", "times": 1}"#,
                    #"{"path": "/blobs/", "do": "corrupt", "after": 400000, "times": 1}"#)
                try client.must("images", "pull", "--plain-http", name)
                try expectWhole(client, name)
                try client.must("images", "rm", "--sync", name)

                try proxy.plan(#"{"path": "/blobs/", "do": "corrupt", "after": 100, "times": 100}"#)
                let refused = try client.run("images", "pull", "--plain-http", name)
                #expect(refused.status == 1)
                #expect(refused.errorText.contains("unexpected digest"))
                #expect(try client.must("images", "ls", "-q").lines == [])
                #expect(try client.must("snapshots", "ls").lines.count == 1)
            }
        }

        @Test("a stalled pull says which layer and how far, and the next one goes on from there")
        func stall() throws {
            try with { manager, _, proxy, _ in
                let client = manager.client
                let name = "\(proxy.host)/app:1"
                try proxy.plan(
                    #"{"path": "/blobs/", "do": "stall", "after": 40000, "times": 6}"#,
                    #"{"path": "/blobs/", "do": "stall", "after": 0, "times": 1000}"#)
                let stalled = try client.run("images", "pull", "--plain-http", name, within: .seconds(60))
                #expect(stalled.status == 1)
                #expect(stalled.errorText.contains("nothing moved for 1 s"))
                #expect(stalled.errorText.range(of: #"sha256:[0-9a-f]{64}"#, options: .regularExpression) != nil)
                #expect(
                    stalled.errorText.range(of: #"after [0-9]+ of [0-9]+ bytes"#, options: .regularExpression) != nil)
                #expect(try client.must("content", "active").lines.count > 1, "what came is kept")

                try proxy.plan()
                try proxy.forget()
                try client.must("images", "pull", "--plain-http", name)
                try expectWhole(client, name)
                let taken = try proxy.answers().filter { $0.path.contains("/blobs/") && $0.method == "GET" }
                #expect(taken.contains { $0.range.hasPrefix("bytes=") && $0.status == 206 }, "\(taken.map(\.range))")
            }
        }

        @Test("a manager that is killed in a pull leaves nothing wrong, and the next pull goes on")
        func killed() throws {
            try with { manager, _, proxy, _ in
                let client = manager.client
                let name = "\(proxy.host)/app:1"
                try proxy.plan(#"{"path": "/blobs/", "do": "stall", "after": 60000, "times": 3}"#)
                let pull = try client.start(
                    ["images", "pull", "--plain-http", "--progress", "json", name], input: .null)
                try pull.expect(#""downloading""#)
                try manager.daemon.kill()
                _ = try pull.wait()
                try manager.daemon.start()
                #expect(try client.must("images", "ls", "-q").lines == [])
                #expect(try client.must("snapshots", "ls").lines.count == 1)
                try proxy.plan()
                try client.must("images", "pull", "--plain-http", name)
                try expectWhole(client, name)
            }
        }

        @Test("a second pull of the same joins the first")
        func joins() throws {
            try with { manager, _, proxy, _ in
                let client = manager.client
                let name = "\(proxy.host)/app:1"
                let pulls = try (0..<3).map { _ in
                    try client.start(["images", "pull", "--plain-http", "--quiet", name], input: .null)
                }
                let outcomes = try pulls.map { try $0.wait() }
                #expect(outcomes.map(\.status) == [0, 0, 0])
                #expect(Set(outcomes.map(\.text)).count == 1)
                let blobs = try proxy.answers().filter { $0.path.contains("/blobs/") && $0.method == "GET" }
                #expect(Set(blobs.map(\.path)).count == blobs.count, "no blob is fetched twice")
            }
        }

        @Test("a token is fetched for those who may, and only pulling is for everybody")
        func tokens() throws {
            try with(token: "tester:pw") { manager, _, proxy, _ in
                let client = manager.client
                let name = "\(proxy.host)/app:1"
                try client.must("images", "pull", "--plain-http", name)
                let denied = try client.run("images", "push", "--plain-http", "\(proxy.host)/new:1", name)
                #expect(denied.status == 1 && denied.errorText.contains("unauthorized"))
                let wrong = try client.run(
                    "images", "push", "--plain-http", "--user", "tester:no", "\(proxy.host)/new:1", name)
                #expect(wrong.status == 1 && wrong.errorText.contains("incorrect username or password"))
                try client.must("images", "push", "--plain-http", "--user", "tester:pw", "\(proxy.host)/new:1", name)
            }
        }

        @Test("TLS: an own authority, a wrong one, none at all")
        func tls() throws {
            try Workspace.with { workspace in
                let manager = try Manager(in: workspace)
                let client = manager.client
                let certificates = try Certificates(in: workspace)
                let registry = try Registry(in: workspace, isClosed: true, identity: certificates)
                let login = "\(Registry.user):\(Registry.password)"
                let name = "\(registry.host)/app:1"
                try client.must("images", "import", try TestImage.archive())
                let untrusted = try client.run("images", "push", "--user", login, name, TestImage.name)
                #expect(untrusted.status == 1 && untrusted.errorText.contains("not trusted"))
                let trusted = ["--tlscacert", certificates.authority, "--user", login]
                try client.must(["images", "push"] + trusted + [name, TestImage.name])
                try client.must("images", "push", "--skip-verify", "--user", login, name, TestImage.name)
                let unknown = try client.run("images", "pull", "--tlscacert", certificates.authority, name)
                #expect(unknown.status == 1 && unknown.errorText.contains("unauthorized"))

                // A folder of hosts says the same, and a login that is kept too.
                let hosts = workspace.file("certs.d")
                try Host.makeFolder("\(hosts)/\(registry.host)")
                try Host.write(
                    "server = \"https://\(registry.host)\"\nca = \"\(certificates.authority)\"\n",
                    to: "\(hosts)/\(registry.host)/hosts.toml")
                var environment = client.environment
                environment["DOCKER_CONFIG"] = workspace.file("docker")
                let user = Client(
                    program: client.program, address: client.address, namespace: client.namespace,
                    environment: environment)
                let bad = try user.run(
                    "login", "--hosts-dir", hosts, "--username", Registry.user, "--password", "no", registry.host)
                #expect(bad.status == 1 && bad.errorText.contains("unauthorized"))
                try user.must(
                    ["login", "--hosts-dir", hosts, "--username", Registry.user, "--password-stdin", registry.host],
                    input: .bytes(Array(Registry.password.utf8)))
                #expect(try Host.read(workspace.file("docker/config.json")).contains(registry.host))
                try user.must("images", "pull", "--hosts-dir", hosts, name)
                try user.must("logout", registry.host)
                let after = try user.run("images", "pull", "--hosts-dir", hosts, name)
                #expect(after.status == 1 && after.errorText.contains("unauthorized"))
            }
        }

        @Test("a mirror is asked first, and the registry when the mirror fails")
        func mirrors() throws {
            try with { manager, registry, proxy, workspace in
                let client = manager.client
                let hosts = workspace.file("certs.d")
                try Host.makeFolder("\(hosts)/example.test")
                try Host.write(
                    """
                    server = "http://\(registry.host)"
                    [host."http://\(proxy.host)"]
                      capabilities = ["pull", "resolve"]
                    """, to: "\(hosts)/example.test/hosts.toml")
                let name = "example.test/app:1"
                try client.must("images", "pull", "--hosts-dir", hosts, name)
                #expect(
                    try proxy.answers().contains { $0.path.contains("/blobs/") && $0.path.contains("ns=example.test") })
                try client.must("images", "rm", "--sync", name)
                try proxy.plan(#"{"path": "/v2/", "do": "status", "status": 404, "times": 1000}"#)
                try client.must("images", "pull", "--hosts-dir", hosts, name)
                try expectWhole(client, name)
            }
        }

        @Test("an upload goes up in pieces and survives a failing registry")
        func pushing() throws {
            try with { manager, registry, proxy, workspace in
                let client = manager.client
                try client.must("images", "pull", "--plain-http", "\(registry.host)/app:1")
                try proxy.plan(
                    #"{"path": "/v2/fresh/blobs/", "method": "POST", "do": "status", "status": 500, "times": 2}"#,
                    #"{"path": "/v2/fresh/blobs/", "method": "PUT", "do": "status", "status": 503, "times": 2}"#)
                try client.must(
                    "images", "push", "--plain-http", "\(proxy.host)/fresh:1", "\(registry.host)/app:1",
                    within: .seconds(60))
                try client.must("images", "pull", "--plain-http", "\(registry.host)/fresh:1")
                // One blob of more than two pieces.
                try must(["sh", "-c", "head -c 40000000 /dev/urandom > big"], directory: workspace.path)
                let big = try Data(contentsOf: URL(fileURLWithPath: workspace.file("big")))
                let digest = try client.must(
                    "content", "ingest", "--label", "containerd.io/gc.root=1", "big", input: .bytes(Array(big))
                ).lines[0]
                try client.must(
                    "content", "push-object", "--plain-http", "\(proxy.host)/fresh:1", digest,
                    "application/octet-stream", within: .seconds(60))
                #expect(try proxy.answers().count { $0.method == "PATCH" && $0.status == 202 } == 3)
                let back = try client.must(
                    "content", "fetch-blob", "--plain-http", "\(registry.host)/fresh:1", digest, within: .seconds(60))
                #expect(back.output == Array(big))
            }
        }
    }
}
