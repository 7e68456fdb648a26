import Logging
import SwctrCore
import SwctrService
import Testing

@Suite("Configuration")
struct ConfigurationTests {
    func load(_ text: String) throws -> Configuration {
        try TemporaryFolder.with { folder in
            try TemporaryFolder.write(text, to: folder + "/config.toml")
            var configuration = Configuration()
            try configuration.load(file: folder + "/config.toml")
            return configuration
        }
    }

    @Test("a full file sets everything")
    func full() throws {
        let configuration = try load(
            """
            root = "/data/root"
            state = "/data/state"
            address = "/data/sock"
            group = "staff"
            default_runtime = "io.containerd.runsc.v1"
            default_snapshotter = "native"
            [log]
            level = "debug"
            [runtimes."io.containerd.runc.v2"]
            shim = "/usr/bin/containerd-shim-runc-v2"
            [runtimes.mine]
            shim = "containerd-shim-mine-v1"
            """)
        #expect(configuration.root == "/data/root")
        #expect(configuration.state == "/data/state")
        #expect(configuration.clientSocket == "/data/sock")
        #expect(configuration.eventSocket == "/data/state/events.sock")
        #expect(configuration.group == "staff")
        #expect(configuration.defaultRuntime == "io.containerd.runsc.v1")
        #expect(configuration.defaultSnapshotter == "native")
        #expect(configuration.logLevel == .debug)
        #expect(
            configuration.runtimes == [
                "io.containerd.runc.v2": "/usr/bin/containerd-shim-runc-v2", "mine": "containerd-shim-mine-v1",
            ])
        try configuration.validate()
    }

    @Test("an empty file changes nothing")
    func empty() throws {
        #expect(try load("") == Configuration())
    }

    @Test(
        "unknown keys and wrong values are named, all of them",
        arguments: [
            ("rot = \"/x\"\nstaet = 1", ["unknown key rot", "unknown key staet"]),
            ("root = 1\n[log]\nlevel = \"loud\"\ncolour = true", ["root must be", "log.level must be", "log.colour"]),
            ("[runtimes.x]\nshmi = \"a\"", ["unknown key runtimes.\"x\".shmi", "runtimes.\"x\".shim must name"]),
            ("root = ", ["is not valid TOML"]),
        ] as [(String, [String])])
    func refused(text: String, problems: [String]) {
        let error = #expect(throws: EngineError.self) { try load(text) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.subject.hasSuffix("/config.toml") == true)
        for problem in problems { #expect(error?.message.contains(problem) == true, "\(error?.message ?? "")") }
    }

    @Test("a missing file is not found")
    func missing() {
        var configuration = Configuration()
        let error = #expect(throws: EngineError.self) { try configuration.load(file: "/no/such/file") }
        #expect(error?.code == .notFound)
    }

    @Test("what the kernel would refuse later is refused now, all at once")
    func validation() {
        var configuration = Configuration()
        configuration.root = "relative"
        configuration.state = "/" + String(repeating: "s", count: 100)
        configuration.defaultSnapshotter = "zfs"
        let error = #expect(throws: EngineError.self) { try configuration.validate() }
        for problem in ["root \"relative\"", "longer than the 107 bytes", "\"zfs\" is not known"] {
            #expect(error?.message.contains(problem) == true)
        }
    }
}
