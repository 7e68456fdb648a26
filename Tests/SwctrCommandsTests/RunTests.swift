import SwctrArguments
import SwctrCore
import SwctrProto
import SwiftProtobuf
import Testing

@testable import SwctrCommands

@Suite("swctr run")
struct RunTests {
    private func parse(_ line: String...) throws -> Run {
        let command = try Program.swctr.command(["run"] + line)
        return try #require(command as? Run)
    }

    @Test("what follows the id is the command, byte for byte")
    func passthrough() throws {
        let words = [
            "printf", "%s\\n", "--rm", "-d", "--help", "--", "-t", "---", "", "--x=y", "--generate-completion-script",
        ]
        let run = try parse(
            "--rm", "image", "id", words[0], words[1], words[2], words[3], words[4], words[5], words[6],
            words[7], words[8], words[9], words[10])
        let target = try run.target
        #expect((target.image, target.id, target.arguments) == ("image", "id", words))
        #expect(run.remove)
        #expect(!run.streams.detach)
    }

    @Test("every flag reaches the request")
    func request() throws {
        let run = try parse(
            "-t", "--env", "A=b,c", "--env", "-X", "--cwd", "/etc", "-u", "alice", "--hostname", "h", "--mount",
            "type=bind,src=/srv,dst=/data,options=rbind:ro", "--read-only", "--label", "k=v=w", "--label", "bare",
            "--platform", "linux/arm64", "--snapshotter", "native", "--runc-binary", "crun", "--runc-root", "/r",
            "--runc-systemd-cgroup", "--cgroup", "a:b:c", "--memory-limit", "64m", "--net-host", "--privileged", "i",
            "c")
        let options = try run.container.options(try run.target)
        #expect(options.terminal && options.readOnly && options.netHost && options.privileged)
        #expect(options.env == ["A=b,c", "-X"])
        #expect((options.cwd, options.user, options.hostname) == ("/etc", "alice", "h"))
        #expect(options.mounts.count == 1)
        #expect(options.mounts[0].options == ["rbind", "ro"])
        #expect(options.labels == ["k": "v=w", "bare": "true"])
        #expect((options.platform, options.snapshotter, options.cgroup) == ("linux/arm64", "native", "a:b:c"))
        #expect(options.memoryLimit == 64 << 20)
        #expect(options.runtime.options.typeURL == "containerd.runc.v1.Options")
        let runc = try Containerd_Runc_V1_Options(serializedBytes: options.runtime.options.value)
        #expect((runc.binaryName, runc.root, runc.systemdCgroup) == ("crun", "/r", true))
    }

    @Test("without runtime flags no options are sent, and an empty --cgroup is not an absent one")
    func noOptions() throws {
        let plain = try parse("--runtime", "io.containerd.kata.v2", "i", "c")
        #expect(try !plain.container.options(plain.target).runtime.hasOptions)
        #expect(try !plain.container.options(plain.target).hasCgroup)
        let empty = try parse("--cgroup", "", "i", "c")
        #expect(try empty.container.options(empty.target).hasCgroup)
    }

    @Test(
        "the option rule holds before anybody is asked",
        arguments: [
            (["--runtime", "io.containerd.kata.v2", "--runc-binary", "crun"], "--runc-binary"),
            (["--runtime", "io.containerd.kata.v2", "--runc-root", "/r"], "--runc-root"),
            (["--runc-systemd-cgroup"], "--cgroup"),
            (["--runtime", "/x/containerd-shim-runc-v2", "--runc-binary", "crun"], "--runc-binary"),
            (["--runtime-config-path", "/x"], "--runtime-config-path"),
        ])
    func optionRule(flags: [String], word: String) throws {
        let line = ["run", "--address", "/nonexistent"] + flags + ["i", "c"]
        let run = try #require(try Program.swctr.command(line) as? Run)
        let error = #expect(throws: EngineError.self) { _ = try run.execute() }
        #expect(error?.code == .invalidArgument)
        #expect(error?.description.contains(word) == true)
    }

    @Test(
        "contradictions are refused",
        arguments: [
            ["--rm", "-d"], ["-t", "--null-io"], ["--null-io", "--log-uri", "file:///x"],
            ["--log-uri", "file:///x", "--fifo-dir", "/x"], ["--timeout", "soon"], ["--memory-limit", "much"],
        ])
    func contradictions(flags: [String]) throws {
        #expect(throws: Refusal.self) { _ = try Program.swctr.command(["run"] + flags + ["i", "c"]) }
    }

    @Test(
        "a mount that is wrong is refused by the part that is wrong",
        arguments: [
            ("nonsense", "nonsense"), ("type=bind,dst=/x,frobnicate=1", "frobnicate"), ("type=bind,src=/x", "dst"),
        ])
    func mounts(text: String, word: String) {
        let error = #expect(throws: EngineError.self) { _ = try MountArgument.parse(text) }
        #expect(error?.description.contains(word) == true)
        #expect(error?.description.contains("--mount") == true)
    }

    @Test(
        "times are read as Go writes them",
        arguments: [
            ("2s", Duration.seconds(2)), ("1m30s", .seconds(90)), ("500ms", .milliseconds(500)),
            ("1.5h", .seconds(5400)),
            ("0", .zero), ("10", .seconds(10)),
        ])
    func times(text: String, duration: Duration) { #expect(TimeArgument(argument: text)?.duration == duration) }

    @Test("what is no time is none", arguments: ["", "s", "3x", "-1", "1m3", "inf", "1e300"])
    func noTimes(text: String) { #expect(TimeArgument(argument: text) == nil) }
}
