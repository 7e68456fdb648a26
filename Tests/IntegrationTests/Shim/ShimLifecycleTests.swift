import Foundation
import SwctrCore
import SwiftProtobuf
import SwctrProto
import SwctrTestSupport
import SwctrWire
import Testing

extension Integration {
    /// A shim alone, driven over ttrpc: the contract as containerd knows it.
    @Suite("Shim: life of a process")
    struct ShimLifecycleTests {
        @Test("a container goes from created to deleted, and says so", arguments: ShimFlavor.all)
        func life(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                let pid = try shim.create()
                #expect(pid > 0)
                #expect(try shim.state().status == .created)
                #expect(try shim.startTask() == pid)
                let running = try shim.state()
                #expect(running.status == .running)
                #expect(running.pid == UInt32(pid))
                #expect(running.bundle == shim.bundle("a"))
                #expect(running.exitedAt.seconds == -62_135_596_800)

                try shim.begin("Wait", shim.waitRequest(), on: "first")
                try shim.begin("Wait", shim.waitRequest(), on: "second")
                try shim.send("Kill", shim.killRequest(SIGKILL))
                let first: Containerd_Task_V2_WaitResponse = try shim.answer(on: "first")
                let second: Containerd_Task_V2_WaitResponse = try shim.answer(on: "second")
                #expect(first.exitStatus == 137)
                #expect(second == first)
                #expect(abs(first.exitedAt.date.timeIntervalSinceNow) < 30)
                #expect(try shim.wait() == 137)

                let stopped = try shim.state()
                #expect(stopped.status == .stopped)
                #expect(stopped.exitStatus == 137)
                let deleted = try shim.delete()
                #expect(deleted.exitStatus == 137)
                #expect(deleted.pid == UInt32(pid))
                #expect(try shim.refusal("Delete", shim.deleteRequest())?.code == .notFound)
                let seen = try shim.events.await("delete a")
                #expect(seen == ["create a", "start a", "exit a", "delete a"])

                let process = try shim.shimPID()
                try shim.shutdown()
                try Host.awaitEnd(of: process)
                #expect(!Host.exists(shim.socket))
            }
        }

        @Test("a process that ends at once is started first, and its status is right", arguments: ShimFlavor.quick)
        func brief(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, ["sh", "-c", "exit 7"]) { shim in
                let pid = try shim.create()
                #expect(try shim.startTask() == pid)
                #expect(try shim.wait() == 7)
                #expect(try shim.events.await("exit a") == ["create a", "start a", "exit a"])
                #expect(try shim.delete().exitStatus == 7)
            }
        }

        @Test("a container that was only created can be killed and deleted", arguments: ShimFlavor.quick)
        func neverStarted(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                try shim.create()
                let deleted = try shim.delete()
                #expect(deleted.pid > 0)
                try shim.events.await("delete a")
                #expect(try shim.refusal("State", shim.stateRequest())?.code == .notFound)
            }
        }

        @Test("pause and resume freeze and thaw, and State tells", arguments: ShimFlavor.quick)
        func pause(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                try shim.create()
                try shim.startTask()
                try shim.exec("e", "sleep", "1000")
                var pause = Containerd_Task_V2_PauseRequest()
                pause.id = "a"
                var resume = Containerd_Task_V2_ResumeRequest()
                resume.id = "a"
                try shim.send("Pause", pause)
                #expect(try shim.state().status == .paused)
                #expect(try shim.state("e").status == .paused)
                #expect(
                    try shim.refusal("Exec", shim.execRequest("f", ["true"]))?.message
                        == "cannot exec in a paused state")
                #expect(try shim.refusal("Delete", shim.deleteRequest())?.message == "cannot delete a paused process")
                try shim.send("Resume", resume)
                #expect(try shim.state().status == .running)
                #expect(try shim.refusal("Resume", resume)?.message == "cannot resume a running process")
                let seen = try shim.events.await("resumed a")
                #expect(seen.suffix(2) == ["paused a", "resumed a"])
            }
        }

        @Test(
            "without a pid namespace of its own a container's other processes end with init",
            arguments: ShimFlavor.quick)
        func sharedPIDs(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(
                flavor, ["sh", "-c", "sleep 1000 & echo $!; exit 3"],
                edit: { spec in
                    guard var linux = spec["linux"] as? [String: Any] else { return }
                    linux["namespaces"] = ["ipc", "uts", "mount", "network"].map { ["type": $0] }
                    spec["linux"] = linux
                }
            ) { shim in
                let output = try shim.reader("out")
                try shim.create("a", .output("out"))
                try shim.startTask()
                #expect(try shim.wait() == 3)
                // The end of the output is the end of the sleep, which holds it too.
                let text = try output.wait().text
                let pid = try #require(pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)))
                try Host.awaitEnd(of: pid)
                #expect(try shim.delete().exitStatus == 3)
            }
        }

        @Test("Pids lists init and the execs, and nothing after the end", arguments: ShimFlavor.quick)
        func processes(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                let pid = try shim.create()
                try shim.startTask()
                let exec = try shim.exec("e", "sleep", "1000")
                var request = Containerd_Task_V2_PidsRequest()
                request.id = "a"
                let listed: Containerd_Task_V2_PidsResponse = try shim.call("Pids", request)
                #expect(Set(listed.processes.map(\.pid)) == [UInt32(pid), UInt32(exec)])
                let info = try #require(listed.processes.first { $0.pid == UInt32(exec) }).info
                #expect(info.typeURL == "containerd.runc.v1.ProcessDetails")
                #expect(try Containerd_Runc_V1_ProcessDetails(serializedBytes: info.value).execID == "e")
                try shim.send("Kill", shim.killRequest(SIGKILL))
                _ = try shim.wait()
                let empty: Containerd_Task_V2_PidsResponse = try shim.call("Pids", request)
                #expect(empty.processes.isEmpty)
            }
        }
    }
}
