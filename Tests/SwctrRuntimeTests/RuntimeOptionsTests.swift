import Foundation
import SwctrCore
import SwctrProto
import SwctrRuntime
import SwiftProtobuf
import Testing

@Suite("The option rule")
struct RuntimeOptionsTests {
    private static let kata = "io.containerd.kata.v2"

    private func any(_ url: String, _ message: some Message) throws -> Google_Protobuf_Any {
        var any = Google_Protobuf_Any()
        any.typeURL = url
        any.value = try message.serializedBytes()
        return any
    }

    private func runc(_ change: (inout Containerd_Runc_V1_Options) -> Void) throws -> Google_Protobuf_Any {
        var options = Containerd_Runc_V1_Options()
        change(&options)
        return try any("containerd.runc.v1.Options", options)
    }

    @Test("runc options reach io.containerd.runc.v2 as they are")
    func runcTakesThem() throws {
        let options = try RuntimeOptions(
            checking: try runc { $0.binaryName = "crun" }, runtime: RuntimeOptionRule.runcRuntime, cgroup: nil)
        guard case .runc(let kept) = options else {
            Issue.record("options are \(options)")
            return
        }
        #expect(kept.binaryName == "crun")
        #expect(try options.packed()?.typeURL == "containerd.runc.v1.Options")
    }

    @Test(
        "a runc option for anything else is refused by flag and runtime",
        arguments: [
            kata, "io.containerd.runc.v1", "io.containerd.runc.v2 ", "/usr/bin/containerd-shim-runc-v2",
            "io.containerd.runc.v20",
        ],
        ["containerd.runc.v1.Options", "type.googleapis.com/containerd.runc.v1.Options"])
    func foreignRefused(runtime: String, url: String) throws {
        var options = Containerd_Runc_V1_Options()
        options.binaryName = "crun"
        options.noPivotRoot = true
        let packed = try any(url, options)
        let error = #expect(throws: EngineError.self) {
            try RuntimeOptions(checking: packed, runtime: runtime, cgroup: nil)
        }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("--runc-binary") == true)
        #expect(error?.message.contains("no_pivot_root") == true)
        #expect(error?.subject.contains(runtime) == true)
    }

    @Test("without a flag a foreign shim is sent nothing, not even an empty message")
    func foreignGetsNothing() throws {
        #expect(try RuntimeOptions(checking: nil, runtime: Self.kata, cgroup: nil).packed() == nil)
        #expect(try RuntimeOptions(checking: try runc { _ in }, runtime: Self.kata, cgroup: nil).packed() == nil)
    }

    @Test("--runc-systemd-cgroup needs a cgroup", arguments: [nil, ""])
    func systemdNeedsCgroup(cgroup: String?) throws {
        let options = try runc { $0.systemdCgroup = true }
        let error = #expect(throws: EngineError.self) {
            try RuntimeOptions(checking: options, runtime: RuntimeOptionRule.runcRuntime, cgroup: cgroup)
        }
        #expect(error?.message.contains("--cgroup") == true)
        _ = try RuntimeOptions(checking: options, runtime: RuntimeOptionRule.runcRuntime, cgroup: "a.slice:b:c")
    }

    @Test("generic options are for the others, and only for them")
    func generic() throws {
        var options = Runtimeoptions_V1_Options()
        options.configPath = "/etc/kata.toml"
        let packed = try any("runtimeoptions.v1.Options", options)
        #expect(try RuntimeOptions(checking: packed, runtime: Self.kata, cgroup: nil) == .generic(options))
        #expect(throws: EngineError.self) {
            try RuntimeOptions(checking: packed, runtime: RuntimeOptionRule.runcRuntime, cgroup: nil)
        }
    }

    @Test("runc gets a state folder of the manager's own unless one was chosen, others get nothing")
    func runcRoot() throws {
        let name = RuntimeOptionRule.runcRuntime
        guard case .runc(let filled) = RuntimeOptions.none.completed(for: name, runcRoot: "/run/x") else {
            Issue.record("no runc options")
            return
        }
        #expect(filled.root == "/run/x")
        let chosen = try RuntimeOptions(checking: try runc { $0.root = "/mine" }, runtime: name, cgroup: nil)
        #expect(chosen.completed(for: name, runcRoot: "/run/x") == chosen)
        #expect(RuntimeOptions.none.completed(for: Self.kata, runcRoot: "/run/x") == .none)
    }

    @Test("what cannot be decoded, or is of a type nobody knows, is refused")
    func undecodable() throws {
        var garbage = Google_Protobuf_Any()
        garbage.typeURL = "containerd.runc.v1.Options"
        garbage.value = Data([0xff, 0xff])
        #expect(throws: EngineError.self) {
            try RuntimeOptions(checking: garbage, runtime: RuntimeOptionRule.runcRuntime, cgroup: nil)
        }
        garbage.typeURL = "example.Options"
        #expect(throws: EngineError.self) { try RuntimeOptions(checking: garbage, runtime: Self.kata, cgroup: nil) }
    }
}
