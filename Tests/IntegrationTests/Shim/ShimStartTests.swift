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

        @Test("a start that cannot record the address leaves neither shim nor socket")
        func unwritableAddress() throws {
            try ShimFixture.with(.runc) { shim in
                try shim.makeBundle("b", ["true"])
                try Host.makeFolder(shim.bundle("b") + "/address.tmp")
                let outcome = try Child(
                    shim.arguments("b") + ["start"], environment: shim.environment, directory: shim.bundle("b")
                ).wait()
                #expect(outcome.status == 1)
                #expect(outcome.errorText.contains("address.tmp"), "\(outcome.errorText)")
                #expect(Host.names(in: shim.workspace.file("s")).count == 1)
                // Of a shim that is left the workspace tells at its end.
                try Host.removeFolder(shim.bundle("b"))
            }
        }

        @Test("a debug socket that is left over is replaced")
        func staleDebugSocket() throws {
            try ShimFixture.with(
                .runc, before: { $0.flags = ["-debug-socket", $0.workspace.file("debug")] }
            ) { shim in
                let process = try shim.shimPID()
                kill(process, SIGKILL)
                try Host.awaitEnd(of: process)
                #expect(Host.exists(shim.workspace.file("debug")))
                #expect(try shim.start("a") == shim.address)
                let next = try shim.shimPID(on: "new")
                let script =
                    "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); print(s.recv(99))"
                let text = try must(["python3", "-c", script, shim.workspace.file("debug")]).text
                #expect(text.contains("shim \(next): "), "\(text)")
            }
        }

        @Test("a debug socket that cannot be made is a line in the log, and what has its name stays")
        func noDebugSocket() throws {
            try ShimFixture.with(
                .runc,
                before: { shim in
                    try Host.write("mine", to: shim.workspace.file("debug"))
                    shim.flags = ["-debug-socket", shim.workspace.file("debug")]
                }
            ) { shim in
                try shim.create()
                let reader = try Child(["cat", shim.bundle("a") + "/log"])
                try reader.expect("no debug socket: bind \(shim.workspace.file("debug")): ")
                reader.signal(SIGKILL)
                _ = try reader.wait()
                #expect(try Host.read(shim.workspace.file("debug")) == "mine")
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

        @Test("-v tells who we are")
        func version() throws {
            let outcome = try Child([Build.shim, "-v"]).wait()
            #expect(outcome.status == 0)
            #expect(outcome.text.hasPrefix("containerd-shim-swctr-v2:\n  Version:  "), "\(outcome.text)")
        }
    }
}
