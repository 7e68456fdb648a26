import Foundation
import SwctrCore
import SwiftProtobuf
import SwctrProto
import SwctrTestSupport
import SwctrWire
import Testing

extension Integration {
    @Suite("Shim: streams")
    struct ShimStreamTests {
        @Test("stdout and stderr come apart and end with the process, before Delete", arguments: ShimFlavor.all)
        func outputs(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, ["sh", "-c", "echo out; echo err >&2"]) { shim in
                let output = try shim.reader("out")
                let errors = try shim.reader("err")
                try shim.create("a", .init(output: "out", error: "err"))
                try shim.startTask()
                #expect(try shim.wait() == 0)
                #expect(try output.wait().text == "out\n")
                #expect(try errors.wait().text == "err\n")
                try shim.delete()
            }
        }

        @Test("only CloseIO ends the input, and loses nothing of it", arguments: ShimFlavor.quick)
        func input(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, ["sh", "-c", "cat; echo end"]) { shim in
                let output = try shim.reader("out")
                let errors = try shim.reader("err")
                let path = shim.fifo("in")
                try shim.create("a", .init(input: "in", output: "out", error: "err"))
                try shim.startTask()
                // A client that comes, writes and leaves.
                _ = try Child(["sh", "-c", "echo first > \(path)"]).wait()
                try output.expect("first\n")
                #expect(try !output.shows("end", within: .milliseconds(300)))
                let bytes = [UInt8](repeating: UInt8(ascii: "x"), count: 48 << 10)
                let second = try Child(["sh", "-c", "cat > \(path)"], input: .bytes(bytes))
                _ = try second.wait()
                try shim.closeInput()
                try shim.closeInput()
                #expect(try shim.wait() == 0)
                #expect(try output.wait().output.count == 6 + bytes.count + 4)
                _ = try errors.wait()
            }
        }

        @Test("a client that leaves harms nobody, and another one may come", arguments: [ShimFlavor.runc, .crun])
        func leavingReader(_ flavor: ShimFlavor) throws {
            let script = "while :; do head -c 65536 /dev/zero; echo tick >&2; done"
            try ShimFixture.with(flavor, ["sh", "-c", script]) { shim in
                let first = try Child(["head", "-c", "100000", shim.fifo("out")])
                let ticks = try shim.reader("err")
                try shim.create("a", .init(output: "out", error: "err"))
                try shim.startTask()
                #expect(try first.wait().output.count == 100_000)
                // Far more than any pipe holds goes by without a reader.
                for _ in 0..<64 { try ticks.expect("tick\n") }
                #expect(try Child(["head", "-c", "1000000", shim.fifo("out")]).wait().output.count == 1_000_000)
                for _ in 0..<64 { try ticks.expect("tick\n") }
                #expect(try shim.state().status == .running)
            }
        }

        @Test("output that nobody reads does not block, and its newest part is kept", arguments: [ShimFlavor.runc])
        func unreadOutput(_ flavor: ShimFlavor) throws {
            let script = """
                i=0; while [ $i -lt 20000 ]; do echo line $i of what nobody reads; i=$((i+1)); done
                echo done >&2; sleep 1000
                """
            try ShimFixture.with(flavor, ["sh", "-c", script]) { shim in
                let errors = try shim.reader("err")
                // A client that never came would be waited for.
                let first = try Child(["head", "-n", "1", shim.fifo("out")])
                try shim.create("a", .init(output: "out", error: "err"))
                try shim.startTask()
                #expect(try first.wait().text == "line 0 of what nobody reads\n")
                // About 700 KiB: ten pipes full.
                try errors.expect("done\n")
                let reader = try shim.reader("out")
                try reader.expect("line 19999 of what nobody reads\n")
                // The shim's own pipe may hold as much as the FIFO.
                #expect(reader.output.count <= 160 << 10)
                #expect(reader.output.count >= 16 << 10)
            }
        }

        @Test("a slow reader gets everything", arguments: ShimFlavor.quick)
        func slowReader(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, ["head", "-c", "8388608", "/dev/zero"]) { shim in
                let reader = try Child(
                    ["sh", "-c", "exec < \(shim.fifo("out")); head -c 1000 > /dev/null; sleep 1; wc -c"])
                try shim.create("a", .output("out"))
                try shim.startTask()
                #expect(try shim.wait() == 0)
                let text = try reader.wait().text.trimmingCharacters(in: .whitespacesAndNewlines)
                // head takes more than it shows, but not more than a buffer.
                let count = try #require(Int(text))
                #expect(count > 8_388_608 - 65_536)
                try shim.delete()
            }
        }

        @Test("file:// appends both streams to a file that is made for it", arguments: [ShimFlavor.runc, .stock])
        func file(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, ["sh", "-c", "echo out; echo err >&2"]) { shim in
                let log = shim.workspace.file("logs/deep/a.log")
                try Host.makeFolder(shim.workspace.file("logs/deep"))
                try Host.write("before\n", to: log)
                var request = shim.createRequest()
                request.stdout = "file://" + log
                request.stderr = "file://" + log
                let _: Containerd_Task_V2_CreateTaskResponse = try shim.call("Create", request)
                try shim.startTask()
                #expect(try shim.wait() == 0)
                try shim.delete()
                let lines = try Host.read(log).split(separator: "\n")
                #expect(lines.first == "before")
                // Debian's shim closes the file for both when stdout ends, which may be before stderr's line.
                if flavor.isOurs {
                    #expect(Set(lines) == ["before", "out", "err"])
                } else {
                    #expect(lines.contains("out"))
                }
            }
        }

        @Test("clients that never open their FIFOs block no call", arguments: [ShimFlavor.runc, .crun])
        func absentClient(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, ["sh", "-c", "echo hello; cat"]) { shim in
                let begun = ContinuousClock.now
                try shim.create("a", .init(input: "in", output: "out", error: "err"))
                try shim.startTask()
                #expect(try shim.state().status == .running)
                #expect(begun.duration(to: .now) < .seconds(10))
                let reader = try shim.reader("out")
                try reader.expect("hello\n")
                try shim.closeInput()
                #expect(try shim.wait() == 0)
            }
        }

        @Test("a hundred failed and finished execs leave no descriptor behind", arguments: ShimFlavor.quick)
        func descriptors(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                try shim.create()
                try shim.startTask()
                let process = try shim.shimPID()
                func round(_ numbers: Range<Int>) throws {
                    for number in numbers {
                        let readers = try [shim.reader("out"), shim.reader("err")]
                        try shim.exec("e\(number)", "true", streams: .init(output: "out", error: "err"))
                        _ = try shim.wait("e\(number)")
                        for reader in readers { _ = try reader.wait() }
                        try shim.delete("e\(number)")
                        try shim.send("Exec", shim.execRequest("f\(number)", ["/no/such/program"], .output("unread")))
                        #expect(try shim.refusal("Start", shim.startRequest("a", "f\(number)")) != nil)
                        try shim.delete("f\(number)")
                    }
                }
                try round(0..<5)
                // Connections of `wait` are descriptors of the shim too, one for each exec.
                let before = Host.names(in: "/proc/\(process)/fd").count - 5
                try round(5..<20)
                let after = Host.names(in: "/proc/\(process)/fd").count - 20
                #expect(after <= before + 1)
            }
        }
    }
}
