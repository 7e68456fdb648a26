import SwctrArguments
import Foundation
import SwctrCore
import SwctrProto
import SwiftProtobuf
import Testing

@testable import SwctrCommands

@Suite("Flags of swctr run")
struct RunFlagTests {
    private func options(_ flags: String..., words: [String] = ["i", "c"]) throws -> Swctr_V1_ContainerOptions {
        let command = try Program.swctr.command(["run"] + flags + words)
        let run = try #require(command as? Run)
        return try run.container.options(try run.target, cpuShares: 1024)
    }

    /// A file that is gone when the body is done.
    private func withFile<Value>(_ content: String, _ body: (String) throws -> Value) throws -> Value {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        try Data(content.utf8).write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try body(path)
    }

    @Test("security flags reach the request")
    func security() throws {
        let options = try withFile("{}") { path in
            try self.options(
                "--privileged", "--privileged-without-host-devices", "--cap-add", "CAP_A", "--cap-add", "CAP_B",
                "--cap-drop", "CAP_C", "--allow-new-privs", "--seccomp", "--seccomp-profile", path,
                "--apparmor-profile", "p")
        }
        #expect(options.privileged && options.withoutHostDevices && options.allowNewPrivileges && options.seccomp)
        #expect(options.capAdd == ["CAP_A", "CAP_B"])
        #expect(options.capDrop == ["CAP_C"])
        #expect(Array(options.seccompProfile) == Array("{}".utf8))
        #expect(options.apparmorProfile == "p")
    }

    @Test("resource flags reach the request; run writes shares, create does not")
    func resources() throws {
        let options = try options(
            "--cpus", "1.5", "--cpu-burst", "7", "--cpuset-cpus", "0-1", "--cpuset-mems", "0", "--rdt-class", "gold",
            "--rlimit-nofile", "10:20")
        #expect(options.resources.cpuQuota == 150_000)
        #expect(options.resources.cpuPeriod == 100_000)
        #expect(options.resources.cpuBurst == 7)
        #expect(options.resources.cpuShares == 1024)
        #expect((options.resources.cpusetCpus, options.resources.cpusetMems) == ("0-1", "0"))
        #expect(options.resources.rdtClass == "gold")
        #expect(options.limits.map { [$0.soft, $0.hard] } == [[10, 20]])
        let quota = try self.options("--cpu-quota", "20000", "--cpu-period", "50000", "--cpu-shares", "2")
        #expect((quota.resources.cpuQuota, quota.resources.cpuPeriod) == (20_000, 50_000))
        #expect(quota.resources.cpuShares == 2)
        #expect(try self.options("--rlimit-nofile", "10").limits.first?.hard == 10)
        #expect(try !self.options("--cpus", "0").resources.hasCpuQuota)
        let create = try Program.swctr.command(["containers", "create", "i", "c"]) as? ContainerCreate
        let made = try #require(create)
        #expect(try !made.container.options(try made.target).hasResources)
    }

    @Test("namespaces, maps and devices reach the request")
    func namespaces() throws {
        let options = try options(
            "--with-ns", "network:/run/netns/a:b", "--uidmap", "0:100000:65536", "--uidmap", "0x10:010:1", "--gidmap",
            "0:0o20:0b11", "--device", "/dev/fuse", "--device", "v.com/c=d", "--gpus", "0", "--gpus", "3",
            "--rootfs-propagation", "shared", "--annotation", "a=b=c", "--snapshotter-label", "x")
        #expect(options.namespaces.first?.type == "network")
        #expect(options.namespaces.first?.path == "/run/netns/a:b")
        #expect(
            options.uidMappings.map { [$0.containerID, $0.hostID, $0.size] } == [[0, 100_000, 65536], [16, 8, 1]])
        #expect(options.gidMappings.map { [$0.containerID, $0.hostID, $0.size] } == [[0, 16, 3]])
        #expect(options.devices == ["/dev/fuse", "v.com/c=d"])
        #expect(options.gpus == [0, 3])
        #expect(options.rootfsPropagation == "shared")
        #expect(options.annotations == ["a": "b=c"])
        #expect(options.snapshotLabels == ["x": "true"])
    }

    @Test("variables of a file come before those of the command line, a line each")
    func environmentFile() throws {
        let options = try withFile("A=1\r\nB=two words\n\nC\n# D=1\n") { path in
            try self.options("--env", "A=2", "--env-file", path)
        }
        #expect(options.env == ["A=1", "B=two words", "C", "# D=1", "A=2"])
    }

    @Test(
        "what is wrong is refused before anybody is asked, by the flag's name",
        arguments: [
            (["--with-ns", "network"], "--with-ns"), (["--with-ns", "frob:/x"], "frob"),
            (["--with-ns", "pid:"], "--with-ns"), (["--uidmap", "0:1000"], "--uidmap"),
            (["--uidmap", "x:1:1"], "container id"), (["--uidmap", "0:x:1"], "host id"),
            (["--gidmap", "0:1:4294967296"], "size"), (["--gidmap", "0:1:-1"], "size"),
            (["--annotation", "bare"], "--annotation"), (["--annotation", "=x"], "--annotation"),
            (["--rlimit-nofile", "many"], "--rlimit-nofile"), (["--rlimit-nofile", "1:2:3"], "--rlimit-nofile"),
            (["--cpus", "1", "--cpu-quota", "5000"], "--cpu-quota"), (["--cpus", "nan"], "--cpus"),
            (["--cpus", "-1"], "--cpus"), (["--cpu-quota", "5"], "--cpu-quota"),
            (["--cpu-period", "5"], "--cpu-period"),
            (["--blockio-class", "x"], "--blockio-config-file"), (["--env-file", "/nonexistent/x"], "/nonexistent/x"),
            (["--seccomp", "--seccomp-profile", "/nonexistent/y"], "/nonexistent/y"),
            (["--config", "/nonexistent/z"], "/nonexistent/z"), (["--label", "=x"], "label"),
        ])
    func refused(flags: [String], word: String) throws {
        let words = flags.contains("--config") ? ["c"] : ["i", "c"]
        let line = ["run", "--address", "/nonexistent"] + flags + words
        let run = try #require(try Program.swctr.command(line) as? Run)
        let error = #expect(throws: EngineError.self) { _ = try run.execute() }
        #expect(error?.description.contains(word) == true, "\(error?.description ?? "")")
        #expect(error?.code != .unavailable)
    }

    @Test(
        "flags that need or exclude others are refused by the parser",
        arguments: [
            ["--seccomp-profile", "/x"], ["--privileged-without-host-devices"],
            ["--apparmor-profile", "a", "--apparmor-default-profile", "b"], ["--gpus", "one"], ["--cpus", "many"],
            ["--cpu-shares", "-1"], ["--dump-config", ""],
        ])
    func combinations(flags: [String]) throws {
        #expect(throws: Refusal.self) { _ = try Program.swctr.command(["run"] + flags + ["i", "c"]) }
    }

    @Test("a document stands alone: every flag that it would override is named")
    func config() throws {
        try withFile(#"{"process":{"terminal":true},"linux":{"cgroupsPath":"/a"}}"#) { path in
            let options = try self.options("-c", path, "--label", "a=b", "--runc-binary", "crun", words: ["id"])
            #expect(options.id == "id")
            #expect(options.labels == ["a": "b"])
            #expect(options.image.isEmpty && !options.spec.isEmpty && options.runtime.hasOptions)
            #expect(!options.hasResources)
            for flags in [
                ["--env", "A=b"], ["--cwd", "/"], ["--cap-add", "CAP_X"], ["--cpus", "1"], ["--net-host"],
                ["--read-only"], ["--rootfs"], ["--platform", "linux/amd64"], ["--user", "0"], ["--privileged"],
                ["--annotation", "a=b"], ["--hostname", "h"], ["--cgroup", "/x"], ["--snapshotter", "native"],
            ] {
                let error = #expect(throws: EngineError.self) {
                    let command = try Program.swctr.command(["run", "--config", path] + flags + ["id"])
                    let run = try #require(command as? Run)
                    _ = try run.container.options(try run.target)
                }
                #expect(error?.message.contains(flags[0]) == true, "\(flags)")
            }
        }
    }

    @Test("with a name the id is made up, and the words begin with the image")
    func names() throws {
        let named = try options("--name", "web", words: ["i", "sh", "-c", "x"])
        #expect(named.name == "web" && named.image == "i" && named.args == ["sh", "-c", "x"])
        #expect(named.id.count == 64 && named.id.allSatisfy(\.isHexDigit))
        let random = try options("--random-name", words: ["i"])
        #expect(random.randomName && random.id != named.id)
        #expect(throws: (any Error).self) { try options("--name", "a", "--random-name", words: ["i"]) }
        #expect(throws: (any Error).self) { try options("--name", "a", words: []) }
    }

    @Test(
        "with a document only the id is named, without one image and id",
        arguments: [["-c", "/x"], ["-c", "/x", "a", "b"], [], ["i"]])
    func words(line: [String]) throws {
        #expect(throws: Refusal.self) { _ = try Program.swctr.command(["run"] + line) }
    }

    @Test(
        "fields of a mount may be quoted",
        arguments: [
            (#"type=bind,"src=/a,b",dst=/c"#, "/a,b"), (#"type=bind,"src=/a""b",dst=/c"#, "/a\"b"),
        ])
    func quotedMount(text: String, source: String) throws {
        #expect(try MountArgument.parse(text).source == source)
    }

    @Test("an explanation of a system call says what happens and why")
    func seccomp() throws {
        var response = Swctr_V1_ExplainSeccompResponse()
        response.numbers = ["SCMP_ARCH_X86_64": 165]
        response.defaultAction = "SCMP_ACT_ERRNO"
        response.defaultErrno = 1
        response.instructions = 400
        response.rules = [
            .with {
                $0.action = "SCMP_ACT_ALLOW"
                $0.obstacle = "only with CAP_SYS_ADMIN"
            }
        ]
        let text = try OciSeccomp.text("mount", response)
        #expect(text.hasPrefix("mount (165 on x86_64)\n  fails with EPERM: no rule holds"))
        #expect(text.contains("does not hold here: allowed, only with CAP_SYS_ADMIN"))
        #expect(throws: EngineError.self) {
            try OciSeccomp.text("frob", Swctr_V1_ExplainSeccompResponse())
        }
    }
}
