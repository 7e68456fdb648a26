import Foundation
import SwctrCore
import SwctrProto
import SwctrTestSupport
import SwctrWire
import SwiftProtobuf
import Testing

extension Integration {
    @Suite("Shim: how streams end")
    struct ShimStreamEndTests {
        @Test("output of an exec that is deleted as soon as it ends arrives whole", arguments: ShimFlavor.quick)
        func largeExec(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                try shim.create()
                try shim.startTask()
                for number in 0..<5 {
                    let counters = try [shim.counter("out"), shim.counter("err")]
                    let id = "e\(number)"
                    try shim.exec(
                        id, "sh", "-c", "head -c 4000000 /dev/zero; head -c 100000 /dev/zero >&2",
                        streams: .init(output: "out", error: "err"))
                    #expect(try shim.wait(id) == 0)
                    try shim.delete(id)
                    #expect(try counters[0].wait().text.hasPrefix("4000000 "))
                    #expect(try counters[1].wait().text.hasPrefix("100000 "))
                }
            }
        }

        @Test(
            "a child that keeps the output holds up neither Wait nor the exit event, and may go on writing",
            arguments: ShimFlavor.quick)
        func heldOpen(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                try shim.create()
                try shim.startTask()
                let output = try shim.reader("out")
                let errors = try shim.reader("err")
                let gate = shim.workspace.file("rootfs/tmp/gate")
                mkfifo(gate, 0o700)
                try shim.exec(
                    "e", "sh", "-c", "(read word < /tmp/gate; echo $word) & echo started",
                    streams: .init(output: "out", error: "err"))
                try output.expect("started\n")
                #expect(try shim.wait("e") == 0)
                try shim.events.await("exit e")
                #expect(output.status == nil)
                try must(["sh", "-c", "echo late > \(gate)"])
                try output.expect("late\n")
                // Now that nobody holds it, the client sees the end, before Delete.
                #expect(try output.wait().text == "started\nlate\n")
                _ = try errors.wait()
                try shim.delete("e")
            }
        }

        @Test(
            "Delete waits for output that a child keeps open, but not for ever, and then ends it",
            arguments: [ShimFlavor.runc, .stock])
        func heldForever(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                try shim.create()
                try shim.startTask()
                let readers = try [shim.reader("out"), shim.reader("err")]
                try shim.exec("e", "sh", "-c", "sleep 1000 & echo started", streams: .init(output: "out", error: "err"))
                try readers[0].expect("started\n")
                #expect(try shim.wait("e") == 0)
                try shim.delete("e")
                for reader in readers { _ = try reader.wait() }
                #expect(try shim.state().status == .running)
            }
        }

        @Test("an exec that reads ends only through CloseIO, which loses nothing", arguments: ShimFlavor.quick)
        func execInput(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                try shim.create()
                try shim.startTask()
                let output = try shim.reader("out")
                let errors = try shim.reader("err")
                let input = shim.fifo("in")
                try shim.exec("e", "cat", streams: .init(input: "in", output: "out", error: "err"))
                try must(["sh", "-c", "echo hi > \(input)"])
                try output.expect("hi\n")
                #expect(try !output.shows("anything", within: .milliseconds(200)))
                #expect(try shim.state("e").status == .running)
                try shim.closeInput("e")
                #expect(try shim.wait("e") == 0)
                #expect(try output.wait().text == "hi\n")
                _ = try errors.wait()
                // Late and repeated, also after the exit.
                try shim.closeInput("e")
                try shim.delete("e")
            }
        }

        @Test("CloseIO before the process has read what the client wrote loses none of it", arguments: ShimFlavor.quick)
        func closeBeforeRead(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, ["sh", "-c", "read go < /tmp/gate; cat | wc -c"]) { shim in
                let gate = shim.workspace.file("rootfs/tmp/gate")
                mkfifo(gate, 0o700)
                let output = try shim.reader("out")
                let errors = try shim.reader("err")
                let input = shim.fifo("in")
                try shim.create("a", .init(input: "in", output: "out", error: "err"))
                try shim.startTask()
                // More than the process's pipe holds; the rest waits in the FIFO.
                try must(["sh", "-c", "head -c 100000 /dev/zero > \(input)"])
                try shim.closeInput()
                try must(["sh", "-c", "echo go > \(gate)"])
                #expect(try shim.wait() == 0)
                #expect(try output.wait().text == "100000\n")
                _ = try errors.wait()
                try shim.delete()
            }
        }

        @Test("a process that closes its input does not hold up the client that writes", arguments: ShimFlavor.ours)
        func closedInput(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, ["sh", "-c", "exec < /dev/null; echo closed; sleep 1000"]) { shim in
                let output = try shim.reader("out")
                let errors = try shim.reader("err")
                let input = shim.fifo("in")
                try shim.create("a", .init(input: "in", output: "out", error: "err"))
                try shim.startTask()
                try output.expect("closed\n")
                // Taken or refused (SIGPIPE), but not for ever, as it is with stock.
                _ = try Child(["sh", "-c", "head -c 1000000 /dev/zero > \(input)"]).wait(within: .seconds(10))
                #expect(try shim.state().status == .running)
                try shim.closeInput()
                try shim.send("Kill", shim.killRequest(SIGKILL))
                #expect(try shim.wait() == 137)
                _ = try output.wait()
                _ = try errors.wait()
            }
        }

        @Test(
            "a client that is gone before Create costs that call at most, and no later one", arguments: ShimFlavor.quick
        )
        func vanished(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                try shim.create()
                try shim.startTask()
                // A client that was killed while it set up: its FIFOs are gone.
                var request = try shim.execRequest("gone", ["true"], .output("out"))
                unlink(shim.workspace.file("out"))
                try shim.send("Exec", request)
                let refusal = try #require(try shim.refusal("Start", shim.startRequest("a", "gone")))
                #expect(refusal.message.contains("failed: "))
                // And one whose FIFOs are there, but nobody opens them: stock gives up after 30 s.
                if flavor.isOurs {
                    request = try shim.execRequest("silent", ["echo", "unheard"], .output("out"))
                    try shim.send("Exec", request)
                    try shim.startTask(exec: "silent")
                    #expect(try shim.wait("silent") == 0)
                }
                try shim.exec("next", "sh", "-c", "exit 4")
                #expect(try shim.wait("next") == 4)
            }
        }

        @Test("Creates that fail leave no descriptor behind", arguments: ShimFlavor.quick)
        func failedCreates(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                let process = try shim.shimPID()
                var options = Containerd_Runc_V1_Options()
                options.binaryName = "no-such-runtime"
                let readers = try [shim.reader("out"), shim.reader("err")]
                func fail() throws {
                    var request = shim.createRequest("a", .init(input: "in", output: "out", error: "err"))
                    request.options = ShimFlavor.any("containerd.runc.v1.Options", try options.serializedBytes())
                    #expect(try #require(try shim.refusal("Create", request)).message.contains("\"no-such-runtime\""))
                }
                try fail()
                let before = Host.names(in: "/proc/\(process)/fd").count
                for _ in 0..<20 { try fail() }
                // Stock's Go runtime closes what it forgot when it collects garbage.
                if flavor.isOurs { #expect(Host.names(in: "/proc/\(process)/fd").count <= before) }
                for reader in readers { kill(reader.processID, SIGKILL) }
                try shim.create()
                try shim.delete()
            }
        }

        @Test(
            "after much output the shim has the memory that it had after a little", arguments: [ShimFlavor.runc],
            [("FIFO", 1024), ("log", 128)])
        func memory(_ flavor: ShimFlavor, _ much: (kind: String, megabytes: Int)) throws {
            try ShimFixture.with(flavor) { shim in
                try shim.create()
                try shim.startTask()
                let process = try shim.shimPID()
                func output(_ id: String, megabytes: Int) throws {
                    let command = ["dd", "if=/dev/zero", "bs=1048576", "count=\(megabytes)"]
                    let readers = much.kind == "log" ? [] : try [shim.counter("out"), shim.counter("err")]
                    let log = "k8s-file://\(shim.workspace.file("a.log"))?max-size=1M&max-files=2"
                    let request =
                        try much.kind == "log"
                        ? shim.execRequest(id, command, .init(output: log))
                        : shim.execRequest(id, command, ShimFixture.Streams(output: "out", error: "err"))
                    try shim.send("Exec", request)
                    try shim.startTask(exec: id)
                    #expect(try shim.wait(id) == 0)
                    for reader in readers { _ = try reader.wait() }
                    try shim.delete(id)
                }
                try output("first", megabytes: 1)
                let before = try Self.memory(process)
                try output("second", megabytes: much.megabytes)
                let after = try Self.memory(process)
                #expect(after.resident <= before.resident + before.resident / 10, "\(before) \(after)")
                #expect(after.dirty <= 80, "\(before) \(after)")
            }
        }

        /// KiB of what is resident, and of what is the process's own.
        private static func memory(_ process: pid_t) throws -> (resident: Int, dirty: Int) {
            let lines = try Host.read("/proc/\(process)/smaps").split(separator: "\n")
            var (resident, dirty, isFile) = (0, 0, false)
            for line in lines {
                let fields = line.split(separator: " ")
                if fields[0].contains("-") { isFile = fields.count > 5 && fields[5].hasPrefix("/") }
                guard fields.count > 1, let size = Int(fields[1]) else { continue }
                if fields[0] == "Rss:" { resident += size }
                // A program that was built a moment ago counts as dirty until the disk has it.
                if fields[0] == "Private_Dirty:" && !isFile { dirty += size }
            }
            return (resident, dirty)
        }
    }
}
