import Foundation
import SwctrCore
import SwctrProto
import SwctrTestSupport
import SwctrWire
import SwiftProtobuf
import Testing

extension Integration {
    @Suite("Shim: start, delete and what they print")
    struct ShimStartTests {
        @Test("start prints the address of a private socket, and records it")
        func address() throws {
            try ShimFixture.with(.runc) { shim in
                #expect(shim.address.hasPrefix("unix://\(shim.workspace.file("s"))/"))
                #expect(shim.socket.split(separator: "/").last?.count == 64)
                #expect(try Host.read(shim.bundle("a") + "/address") == shim.address)
                let mode = try FileManager.default.attributesOfItem(atPath: shim.socket)[.posixPermissions] as? Int
                #expect(mode == 0o600)
                // Asked again, it finds the shim that serves.
                let first = try shim.shimPID()
                #expect(try shim.start("a") == shim.address)
                #expect(try shim.shimPID() == first)
                for fd in 0...2 {
                    let target = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(first)/fd/\(fd)")
                    #expect(target == "/dev/null")
                }
                let score = Int(try Host.read("/proc/\(first)/oom_score_adj").trimmingCharacters(in: .newlines))
                let own = Int(try Host.read("/proc/self/oom_score_adj").trimmingCharacters(in: .newlines))
                #expect(score == own.map { min(1000, $0 + 1) })
            }
        }

        @Test(
            "whatever is on stdin, an old daemon gets a plain address",
            arguments: [
                [], [0x20, 0x0a], [0xff, 0xff, 0xff], [UInt8](repeating: 0x61, count: 100_000),
                [0x0a, 0x01, 0x62, 0x12, 0x01, 0x63],
            ] as [[UInt8]])
        func strangeInput(_ input: [UInt8]) throws {
            try ShimFixture.with(.runc) { shim in
                let address = try shim.start("a", input: input)
                #expect(address == shim.address)
            }
        }

        @Test("a daemon that sends its parameters gets a result of version 3")
        func parameters() throws {
            try ShimFixture.with(.runc) { shim in
                var parameters = Containerd_Runtime_Bootstrap_V1_BootstrapParams()
                parameters.instanceID = "a"
                parameters.namespace = shim.workspace.namespace
                parameters.containerdVersion = "v2.3.4"
                let outcome = try Child(
                    shim.arguments("a") + ["start"], environment: shim.environment, directory: shim.bundle("a"),
                    input: .bytes(try parameters.serializedBytes())
                ).wait()
                #expect(outcome.status == 0)
                #expect(outcome.errors.isEmpty)
                let result = try Containerd_Runtime_Bootstrap_V1_BootstrapResult(serializedBytes: outcome.output)
                #expect(result.version == 3)
                #expect(result.address == shim.address)
                #expect(result.protocol == "ttrpc")
                #expect(outcome.output.last == UInt8(ascii: "c"))
            }
        }

        @Test(
            "containers of a group share a shim, which ends with the last of them",
            arguments: ["io.containerd.runc.v2.group", "io.kubernetes.cri.sandbox-id"])
        func group(_ annotation: String) throws {
            let edit: (inout [String: Any]) -> Void = { $0["annotations"] = [annotation: "pod"] }
            try ShimFixture.with(.runc, edit: edit) { shim in
                try shim.makeBundle("b", ["sleep", "1000"], edit: edit)
                #expect(try shim.start("b") == shim.address)
                for id in ["a", "b"] {
                    try shim.create(id)
                    try shim.startTask(id)
                }
                let process = try shim.shimPID()
                #expect(try shim.shimPID("b") == process)
                for id in ["a", "b"] {
                    var request = shim.killRequest(SIGKILL)
                    request.id = id
                    try shim.send("Kill", request)
                    #expect(try shim.wait("", id) == 137)
                    try shim.delete("", id)
                    if id == "a" {
                        try shim.shutdown(id)
                        #expect(try shim.state("", "b").status == .running)
                        _ = try shim.deleteBinary("a")
                        #expect(try shim.state("", "b").status == .running)
                    }
                }
                try shim.shutdown("b")
                try Host.awaitEnd(of: process)
                #expect(!Host.exists(shim.socket))
            }
        }

        @Test("a socket file that nobody serves is replaced")
        func staleSocket() throws {
            try ShimFixture.with(.runc) { shim in
                let process = try shim.shimPID()
                kill(process, SIGKILL)
                try Host.awaitEnd(of: process)
                #expect(Host.exists(shim.socket))
                #expect(try shim.start("a") == shim.address)
                var request = Containerd_Task_V2_ConnectRequest()
                request.id = "a"
                let answer: Containerd_Task_V2_ConnectResponse = try shim.call("Connect", request, on: "new")
                #expect(pid_t(answer.shimPid) != process)
            }
        }

        @Test(
            "bad command lines end with an error that names the fault",
            arguments: [
                (["-namespace", "", "-id", "a", "start"], "namespace"), (["-id", "a", "start"], "namespace"),
                (["-namespace", "n", "-id", "../x", "start"], "../x"),
                (["-namespace", "a/b", "-id", "x", "delete"], "a/b"),
                (["-namespace", "n", "-nonsense", "start"], "nonsense"),
            ])
        func badArguments(_ words: [String], _ named: String) throws {
            try Workspace.with { workspace in
                let outcome = try Child([Build.shim] + words, directory: workspace.path).wait()
                #expect(outcome.status == 1)
                #expect(outcome.output.isEmpty)
                #expect(outcome.errorText.contains(named), "\(outcome.errorText)")
            }
        }

        @Test("-v and -info tell who we are")
        func version() throws {
            #expect(try Child([Build.shim, "-v"]).wait().status == 0)
            let outcome = try Child([Build.shim, "-info"]).wait()
            #expect(outcome.status == 0)
            let info = try Containerd_Types_RuntimeInfo(serializedBytes: outcome.output)
            #expect(info.name == "io.containerd.swctr.v2")
            #expect(!info.version.version.isEmpty)
        }
    }
}
