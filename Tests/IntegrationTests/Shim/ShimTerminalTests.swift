import Foundation
import SwctrCore
import SwiftProtobuf
import SwctrProto
import SwctrTestSupport
import SwctrWire
import Testing

extension Integration {
    @Suite("Shim: terminals")
    struct ShimTerminalTests {
        private static let streams = ShimFixture.Streams(input: "in", output: "out", terminal: true)

        @Test(
            "a terminal has the size that it was given, takes input and ends with the process",
            arguments: ShimFlavor.all)
        func terminal(_ flavor: ShimFlavor) throws {
            let script = "read line; stty size; echo got $line; exit 9"
            try ShimFixture.with(flavor, ["sh", "-c", script], terminal: true) { shim in
                let reader = try shim.reader("out")
                let path = shim.fifo("in")
                try shim.create("a", Self.streams)
                try shim.startTask()
                var size = Containerd_Task_V2_ResizePtyRequest()
                size.id = "a"
                size.width = 101
                size.height = 33
                try shim.send("ResizePty", size)
                _ = try Child(["sh", "-c", "echo word > \(path)"]).wait()
                #expect(try shim.wait() == 9)
                let text = try reader.wait().text
                #expect(text.contains("33 101\r\n"), "\(text)")
                #expect(text.contains("got word\r\n"), "\(text)")
                #expect(try shim.state().terminal)
                try shim.delete()
            }
        }

        @Test("an exec may have a terminal, whatever its document says", arguments: ShimFlavor.all)
        func exec(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                try shim.create()
                try shim.startTask()
                let reader = try shim.reader("out")
                var request = try shim.execRequest(
                    "e", ["sh", "-c", "test -t 0 && test -t 1 && echo yes; exit 4"], Self.streams)
                let document = String(decoding: request.spec.value, as: UTF8.self)
                request.spec.value = .init(
                    document.replacingOccurrences(of: "\"terminal\":true", with: "\"terminal\":false").utf8)
                try shim.send("Exec", request)
                try shim.startTask(exec: "e")
                #expect(try shim.wait("e") == 4)
                #expect(try reader.wait().text == "yes\r\n")
                var size = Containerd_Task_V2_ResizePtyRequest()
                size.id = "a"
                size.execID = "e"
                #expect(try shim.refusal("ResizePty", size)?.message == "cannot resize a stopped container")
                try shim.delete("e")
            }
        }

        @Test("the end of a client's input is an end of file, not a hang-up", arguments: [ShimFlavor.runc, .crun])
        func endOfInput(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, ["sh", "-c", "cat; echo after"], terminal: true) { shim in
                let reader = try shim.reader("out")
                let path = shim.fifo("in")
                try shim.create("a", Self.streams)
                try shim.startTask()
                _ = try Child(["sh", "-c", "printf half > \(path)"]).wait()
                try shim.closeInput()
                #expect(try shim.wait() == 0)
                let text = try reader.wait().text
                #expect(text.contains("after\r\n"), "\(text)")
                #expect(text.contains("half"), "\(text)")
            }
        }

        @Test(
            "much output through a terminal arrives whole, also when Delete follows at once",
            arguments: [ShimFlavor.runc, .crun, .stock])
        func largeOutput(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, ["sh", "-c", "head -c 1000000 /dev/zero"], terminal: true) { shim in
                let reader = try shim.counter("out")
                try shim.create("a", Self.streams)
                try shim.startTask()
                #expect(try shim.wait() == 0)
                try shim.delete()
                #expect(try reader.wait().text.hasPrefix("1000000 "))
            }
        }

        @Test(
            "whoever looks at the console's socket first does not keep the runtime from it",
            arguments: [ShimFlavor.runc])
        func strangeConsole(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, ["sh", "-c", "test -t 0 && echo yes"], terminal: true) { shim in
                try shim.wrapRuntime(
                    """
                    [ $call = create ] && python3 - "$@" <<'EOF'
                    import socket, sys
                    peer = socket.socket(socket.AF_UNIX)
                    peer.connect(sys.argv[sys.argv.index("--console-socket") + 1])
                    EOF
                    """)
                let reader = try shim.reader("out")
                try shim.create("a", Self.streams)
                try shim.startTask()
                #expect(try shim.wait() == 0)
                #expect(try reader.wait().text == "yes\r\n")
            }
        }

        @Test(
            "terminals that come and go leave neither descriptors nor sockets behind",
            arguments: [ShimFlavor.runc, .crun])
        func leaks(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                try shim.create()
                try shim.startTask()
                let process = try shim.shimPID()
                func round(_ numbers: Range<Int>) throws {
                    for number in numbers {
                        let reader = try shim.reader("out")
                        try shim.exec("e\(number)", "true", streams: .init(output: "out", terminal: true))
                        _ = try shim.wait("e\(number)")
                        _ = try reader.wait()
                        try shim.delete("e\(number)")
                    }
                }
                try round(0..<3)
                let before = Host.names(in: "/proc/\(process)/fd").count - 3
                try round(3..<15)
                #expect(Host.names(in: "/proc/\(process)/fd").count - 15 <= before + 1)
            }
        }

        @Test("a process whose terminal never comes is an error, and is killed")
        func neverComes() throws {
            // A runtime that makes a process and hands over no terminal.
            let silent = #"""
                call=$1
                case $call in create|exec|restore) ;; *) exit 99 ;; esac
                while [ "$1" != --pid-file ]; do shift; done
                sleep 1000 > /dev/null 2>&1 &
                echo $! > "$2"
                cp "$2" "$bundle/pid-$call"
                exit 0
                """#
            try ShimFixture.with(.scripted(.runc)) { shim in
                try shim.create()
                try shim.startTask()
                for id in ["b", "c"] { try shim.makeBundle(id, ["sleep", "1000"], terminal: true) }
                for id in ["a", "b", "c"] { try Host.write(silent, to: shim.bundle(id) + "/script") }
                let terminal = ShimFixture.Streams(terminal: true)
                try shim.send("Exec", shim.execRequest("e", ["sleep", "1000"], terminal))
                try Host.makeFolder(shim.workspace.file("image"))
                var request = shim.createRequest("c", terminal)
                request.checkpoint = shim.workspace.file("image")
                try shim.send("Create", request)
                // All at once: the shim waits 10 seconds, since a runtime's sandbox may send it late.
                try shim.begin("Start", shim.startRequest("a", "e"), on: "exec")
                try shim.begin("Create", shim.createRequest("b", terminal), on: "create")
                try shim.begin("Start", shim.startRequest("c"), on: "restore")
                for (call, id) in [("exec", "a"), ("create", "b"), ("restore", "c")] {
                    let refused = #expect(throws: RPCStatus.self) {
                        try shim.answer(on: call, returning: Google_Protobuf_Empty.self)
                    }
                    #expect(refused?.message == "failed to retrieve console master: no terminal came", "\(call)")
                    let text = try Host.read(shim.bundle(id) + "/pid-\(call)")
                    let process = try #require(pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)))
                    try Host.awaitEnd(of: process)
                }

                #expect(try shim.wait("e") == 0)
                try shim.delete("e")
                #expect(try shim.state().status == .running)
                // What failed in Create is nobody's, and its id is free again.
                #expect(try shim.lastCall("b") == "delete --force b")
                #expect(try shim.refusal("State", shim.stateRequest("", "b"))?.code == .notFound)
                #expect(!Host.names(in: shim.bundle("b")).contains { $0.hasPrefix("tty") })
                // What was restored has run, and ended.
                #expect(try shim.wait("", "c") == 137)
                #expect(try shim.lastCall("c") == "delete --force c")
                #expect(try shim.delete("", "c").exitStatus == 137)
                let seen = try shim.events.await("delete c")
                #expect(
                    seen == ["create a", "start a", "exec-added e", "create c", "exit c", "delete c"], "\(seen)")
            }
        }

        @Test("a terminal that nobody writes to costs no processor time", arguments: [ShimFlavor.runc, .crun])
        func idle(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, terminal: true) { shim in
                let reader = try shim.reader("out")
                try shim.create("a", Self.streams)
                try shim.startTask()
                let process = try shim.shimPID()
                let before = try Self.ticks(process)
                #expect(try !reader.shows("anything", within: .milliseconds(1500)))
                #expect(try Self.ticks(process) - before <= 2)
            }
        }

        private static func ticks(_ process: pid_t) throws -> Int {
            let fields = try Host.read("/proc/\(process)/stat").split(separator: ")").last?.split(separator: " ") ?? []
            guard fields.count > 12, let user = Int(fields[11]), let system = Int(fields[12]) else {
                throw TestFailure("no such process \(process)")
            }
            return user + system
        }
    }
}
