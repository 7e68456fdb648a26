import Foundation
import SwctrCore
import SwctrProto
import SwctrTestSupport
import SwctrWire
import SwiftProtobuf
import Testing

extension Integration {
    @Suite("Shim: logging programs")
    struct ShimLoggerTests {
        /// A program that keeps what it gets, in files of the workspace.
        private static func keeper(_ shim: ShimFixture, before: String = "", after: String = "") throws -> String {
            let folder = shim.workspace.path
            let script = """
                trap '' TERM
                tr '\\0' '\\n' < /proc/$$/environ > \(folder)/environment
                printf '%s\\n' "$@" > \(folder)/arguments
                cat <&4 5>&- > \(folder)/err &
                \(before)
                exec 4<&- 5>&-
                cat <&3 > \(folder)/out
                wait
                \(after)
                """
            return try shim.script("keeper", script)
        }

        private static func address(_ program: String, _ shim: ShimFixture, scheme: String = "binary") -> String {
            "\(scheme)://\(program)?folder=\(shim.workspace.path)"
        }

        @Test(
            "a program gets both outputs on 3 and 4, its arguments, two variables, and nothing else",
            arguments: ShimFlavor.quick)
        func descriptors(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, ["sh", "-c", "echo out; echo err >&2"]) { shim in
                let address = try Self.address(Self.keeper(shim), shim) + "&a%20b=c+d&a%20b=second"
                try shim.create(.init(output: address))
                try shim.startTask()
                #expect(try shim.wait() == 0)
                try shim.delete()
                #expect(try Host.read(shim.workspace.file("out")) == "out\n")
                #expect(try Host.read(shim.workspace.file("err")) == "err\n")
                let arguments = try Host.read(shim.workspace.file("arguments")).split(separator: "\n").map(String.init)
                // Stock takes the keys from a map, in any order.
                #expect(Set(arguments) == ["folder", shim.workspace.path, "a b", "c d"])
                if flavor.isOurs { #expect(arguments == ["folder", shim.workspace.path, "a b", "c d"]) }
                let environment = try Host.read(shim.workspace.file("environment"))
                #expect(
                    environment.split(separator: "\n").sorted() == [
                        "CONTAINER_ID=a", "CONTAINER_NAMESPACE=\(shim.workspace.namespace)",
                    ])
            }
        }

        @Test("an exec's program is told the exec's id", arguments: ShimFlavor.quick)
        func exec(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                try shim.create()
                try shim.startTask()
                try shim.exec(
                    "e1", "echo", "from the exec",
                    addresses: .init(output: try Self.address(Self.keeper(shim), shim)))
                #expect(try shim.wait("e1") == 0)
                try shim.delete("e1")
                #expect(try Host.read(shim.workspace.file("environment")).contains("CONTAINER_ID=e1\n"))
                #expect(try Host.read(shim.workspace.file("out")) == "from the exec\n")
            }
        }

        @Test("Create waits until the program is ready", arguments: ShimFlavor.quick)
        func ready(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                let gate = shim.fifo("gate")
                let order = shim.workspace.file("order")
                let program = try Self.keeper(shim, before: "read go < \(gate); echo ready >> \(order)")
                try shim.wrapRuntime("echo $call >> \(order)")
                try shim.begin("Create", shim.request(.init(output: Self.address(program, shim))), on: "create")
                // Opening the gate for writing waits for the program to open it for reading.
                let writer = try Child(["sh", "-c", "exec 9> \(gate); echo open; read go; echo go >&9"], input: .open)
                try writer.expect("open\n")
                // Create has been taken up, and had its chance to go on. (Stock answers nobody meanwhile.)
                if flavor.isOurs { _ = try shim.shimPID() }
                writer.send("go\n")
                writer.closeInput()
                _ = try writer.wait()
                let created: Containerd_Task_V2_CreateTaskResponse = try shim.answer(on: "create")
                #expect(created.pid > 0)
                #expect(try Host.read(order) == "ready\ncreate\n")
                try shim.startTask()
                try shim.send("Kill", shim.killRequest(SIGKILL))
                #expect(try shim.wait() == 137)
                try shim.delete()
            }
        }

        @Test(
            "a program that crashes before it is ready: binary goes on without it, binary-v2 fails the Create",
            arguments: ShimFlavor.quick)
        func crash(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, ["sh", "-c", "exit 3"]) { shim in
                let program = try shim.script("crash", "exit 1")
                let refusal = try #require(
                    try shim.refusal("Create", shim.request(.init(output: "binary-v2://" + program))))
                // Debian's shim is older than this scheme.
                #expect(
                    refusal.message.contains(
                        flavor.isOurs
                            ? "logging binary \(program) did not call ready" : "unknown STDIO scheme binary-v2"))
                try shim.create(.init(output: "binary://" + program))
                try shim.startTask()
                #expect(try shim.wait() == 3)
                try shim.delete()
            }
        }

        @Test("binary-v2 is ready with a byte, also if a child of the program writes it", arguments: [ShimFlavor.runc])
        func readyByte(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, ["echo", "hello"]) { shim in
                let gate = shim.fifo("gate")
                let program = try shim.script(
                    "forking", "(read go < \(gate); printf x >&5; exec 5>&-; cat <&3 > \"$2/out\") & exit 0")
                let address = Self.address(program, shim, scheme: "binary-v2")
                try shim.begin("Create", shim.request(.init(output: address)), on: "create")
                try must(["sh", "-c", "echo go > \(gate)"])
                let created: Containerd_Task_V2_CreateTaskResponse = try shim.answer(on: "create")
                #expect(created.pid > 0)
                let follower = try Child(["tail", "-n", "+1", "-F", shim.workspace.file("out")])
                try shim.startTask()
                #expect(try shim.wait() == 0)
                try shim.delete()
                try follower.expect("hello\n")
            }
        }

        @Test("a program that cannot be started fails the Create, and leaves nothing", arguments: ShimFlavor.quick)
        func missing(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                let process = try shim.shimPID()
                let before = Host.names(in: "/proc/\(process)/fd").count
                for _ in 0..<10 {
                    let refusal = try shim.refusal("Create", shim.request(.init(output: "binary:///no/such/logger")))
                    #expect(
                        try #require(refusal).message.contains("fork/exec /no/such/logger: no such file or directory"))
                }
                // Stock loses pipes here.
                if flavor.isOurs { #expect(Host.names(in: "/proc/\(process)/fd").count <= before + 1) }
                try shim.create()
                try shim.delete()
            }
        }

        @Test("when a program dies, its container goes on", arguments: [ShimFlavor.runc, .crun])
        func death(_ flavor: ShimFlavor) throws {
            let script = "echo out; read word; head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2; exit 5"
            try ShimFixture.with(flavor, ["sh", "-c", script]) { shim in
                let program = try shim.script(
                    "logger", "exec 5>&-; read line <&3; echo $$ > \"$2/pid\"; exec sleep 1000")
                let follower = try Child(["tail", "-n", "+1", "-F", shim.workspace.file("pid")])
                let input = shim.fifo("in")
                try shim.create(.init(input: input, output: Self.address(program, shim)))
                try shim.startTask()
                try follower.expect("\n")
                let text = String(decoding: follower.output, as: UTF8.self)
                let logger = try #require(pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)))
                kill(logger, SIGKILL)
                try Host.awaitEnd(of: logger)
                #expect(try shim.state().status == .running)
                try must(["sh", "-c", "echo go > \(input)"])
                #expect(try shim.wait() == 5)
                try shim.delete()
            }
        }

        @Test(
            "Delete ends a program that does not end with its input: by SIGTERM", arguments: [ShimFlavor.runc, .stock])
        func terminated(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, ["true"]) { shim in
                let program = try Self.keeper(
                    shim, before: "trap 'echo asked > $2/asked; kill $!; wait $!; exit 0' TERM",
                    after: "sleep 1000 3<&- & wait")
                try shim.create(.init(output: Self.address(program, shim)))
                try shim.startTask()
                #expect(try shim.wait() == 0)
                try shim.delete()
                #expect(try Host.read(shim.workspace.file("asked")) == "asked\n")
            }
        }

        @Test("and one that ignores that: by SIGKILL, before Delete is answered", arguments: [ShimFlavor.runc])
        func killed(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, ["true"]) { shim in
                let program = try shim.script(
                    "stubborn", "trap '' TERM; echo $$ > \"$2/pid\"; exec 5>&-; exec sleep 1000")
                try shim.create(.init(output: Self.address(program, shim)))
                let text = try Host.read(shim.workspace.file("pid"))
                let logger = try #require(pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)))
                try shim.startTask()
                #expect(try shim.wait() == 0)
                #expect(kill(logger, 0) == 0)
                try shim.delete()
                #expect(kill(logger, 0) != 0)
                #expect(!shim.takeLog().contains("not taken in time"))
            }
        }

        @Test("no program outlives a shim that has nothing left to do", arguments: [ShimFlavor.runc])
        func leftover(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                let program = try shim.script(
                    "stubborn", "trap '' TERM; echo $$ > \"$2/pid\"; exec 5>&-; exec sleep 1000")
                var request = shim.request(.init(output: Self.address(program, shim)))
                var options = Containerd_Runc_V1_Options()
                options.binaryName = "/no/such/runtime"
                request.options = ShimFlavor.any("containerd.runc.v1.Options", try options.serializedBytes())
                #expect(try shim.refusal("Create", request) != nil)
                let text = try Host.read(shim.workspace.file("pid"))
                let logger = try #require(pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)))
                let process = try shim.shimPID()
                try shim.shutdown()
                // Once the shim has ended nobody is left who would kill it.
                try Host.awaitEnd(of: process)
                try Host.awaitEnd(of: logger)
            }
        }

        @Test("a terminal's output is the program's stdout; its stderr is silent", arguments: ShimFlavor.quick)
        func terminal(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, ["sh", "-c", "test -t 2 && echo out"], terminal: true) { shim in
                let address = try Self.address(Self.keeper(shim), shim)
                try shim.create(.init(output: address, terminal: true))
                try shim.startTask()
                #expect(try shim.wait() == 0)
                try shim.delete()
                #expect(try Host.read(shim.workspace.file("out")) == "out\r\n")
                #expect(try Host.read(shim.workspace.file("err")) == "")
            }
        }

        @Test(
            "much output reaches a program whole, also when Delete follows at once",
            arguments: [ShimFlavor.runc, .crun])
        func large(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, ["head", "-c", "8388608", "/dev/zero"]) { shim in
                try shim.create(.init(output: try Self.address(Self.keeper(shim), shim)))
                try shim.startTask()
                #expect(try shim.wait() == 0)
                try shim.delete()
                let out = try FileManager.default.attributesOfItem(atPath: shim.workspace.file("out"))
                #expect(out[.size] as? Int == 8_388_608)
            }
        }
    }
}
