import Foundation
import SwctrCore
import SwiftProtobuf
import SwctrProto
import SwctrTestSupport
import SwctrWire
import Testing

extension Integration {
    @Suite("Shim: further processes")
    struct ShimExecTests {
        @Test("an exec has its own streams and status", arguments: ShimFlavor.all)
        func exec(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                try shim.create()
                try shim.startTask()
                let output = try shim.reader("out")
                let errors = try shim.reader("err")
                let pid = try shim.exec(
                    "e", "sh", "-c", "echo out; echo err >&2; exit 5", streams: .init(output: "out", error: "err"))
                #expect(try shim.wait("e") == 5)
                #expect(try output.wait().text == "out\n")
                #expect(try errors.wait().text == "err\n")
                let state = try shim.state("e")
                #expect(state.status == .stopped)
                #expect(state.id == "e")
                let deleted = try shim.delete("e")
                #expect(deleted.exitStatus == 5)
                #expect(deleted.pid == UInt32(pid))
                #expect(try shim.refusal("State", shim.stateRequest("e"))?.code == .notFound)
                #expect(!Host.exists(shim.bundle("a") + "/e.pid"))
                let seen = try shim.events.await("exit e")
                #expect(seen == ["create a", "start a", "exec-added e", "exec-started e", "exit e"])
                #expect(try shim.state().status == .running)
            }
        }

        @Test("an exec that cannot start stays created, and waiting for it ends", arguments: ShimFlavor.quick)
        func failed(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                try shim.create()
                try shim.startTask()
                try shim.send("Exec", shim.execRequest("e", ["/no/such/program"]))
                let refused = try #require(try shim.refusal("Start", shim.startRequest("a", "e")))
                #expect(refused.message.hasPrefix("OCI runtime exec failed: "), "\(refused.message)")
                #expect(try shim.wait("e") == 0)
                #expect(try shim.state("e").status == .created)
                #expect(try shim.delete("e").pid == 0)
            }
        }

        /// Not asked of Debian's shim, which has one lock for them all (containerd #8557) and was seen to take over 30 s.
        @Test("forty execs at once all start and all end with their own status", arguments: [ShimFlavor.runc, .crun])
        func many(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                try shim.create()
                try shim.startTask()
                let count = 40
                for number in 0..<count {
                    try shim.send("Exec", shim.execRequest("e\(number)", ["sh", "-c", "exit \(number + 1)"]))
                }
                for number in 0..<count {
                    try shim.begin("Start", shim.startRequest("a", "e\(number)"), on: "start \(number)")
                }
                for number in 0..<count {
                    let started: Containerd_Task_V2_StartResponse = try shim.answer(on: "start \(number)")
                    #expect(started.pid > 0)
                }
                for number in 0..<count {
                    #expect(try shim.wait("e\(number)") == UInt32(number + 1))
                    try shim.events.await("exit e\(number)")
                }
                for number in 0..<count { #expect(shim.events.exits(of: "e\(number)").count == 1) }
            }
        }

        @Test("execs end before init does, and none starts after it", arguments: [ShimFlavor.runc, .crun])
        func order(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                try shim.create()
                try shim.startTask()
                for number in 0..<10 { try shim.exec("e\(number)", "sleep", "1000") }
                try shim.send("Exec", shim.execRequest("late", ["true"]))
                try shim.send("Kill", shim.killRequest(SIGKILL))
                let seen = try shim.events.await("exit a")
                #expect(seen.last == "exit a")
                #expect(seen.filter { $0.hasPrefix("exit e") }.count == 10)
                let late = try #require(try shim.refusal("Start", shim.startRequest("a", "late")))
                #expect(late.code == .failedPrecondition)
                #expect(late.message == "container a init process is not running: failed precondition")
            }
        }

        @Test("Delete right after a large output loses none of it", arguments: ShimFlavor.quick)
        func largeOutput(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                try shim.create()
                try shim.startTask()
                let output = try shim.counter("out")
                try shim.exec("e", "head", "-c", "16777216", "/dev/zero", streams: .output("out"))
                #expect(try shim.wait("e") == 0)
                try shim.delete("e")
                #expect(try output.wait().text.hasPrefix("16777216 "))
            }
        }

        @Test("a process left in the background holds the output, but not Wait", arguments: ShimFlavor.quick)
        func background(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                try shim.create()
                try shim.startTask()
                let output = try shim.reader("out")
                try shim.exec("e", "sh", "-c", "sleep 1000 & echo now", streams: .output("out"))
                #expect(try shim.wait("e") == 0)
                try output.expect("now")
                #expect(output.status == nil)
                try shim.send("Kill", shim.killRequest(SIGKILL))
                _ = try shim.wait()
                #expect(try output.wait().text == "now\n")
            }
        }
    }
}
