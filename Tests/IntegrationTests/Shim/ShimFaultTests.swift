import Foundation
import SwctrCore
import SwiftProtobuf
import SwctrProto
import SwctrTestSupport
import SwctrWire
import Testing

extension Integration {
    @Suite("Shim: when something dies")
    struct ShimFaultTests {
        @Test("events wait for a daemon that is away, and come once and in order", arguments: [ShimFlavor.runc])
        func daemonAway(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                try shim.create()
                try shim.startTask()
                try shim.events.await("start a")
                shim.events.close()
                for number in 0..<5 {
                    try shim.exec("e\(number)", "sh", "-c", "exit \(number)")
                    #expect(try shim.wait("e\(number)") == UInt32(number))
                }
                try shim.send("Kill", shim.killRequest(SIGKILL))
                #expect(try shim.wait() == 137)
                try shim.restartEvents()
                let seen = try shim.events.await("exit a", within: 30)
                let expected =
                    (0..<5).flatMap { ["exec-added e\($0)", "exec-started e\($0)", "exit e\($0)"] } + ["exit a"]
                // What was on its way when the daemon went may come again; nothing else may.
                #expect(Array(seen.suffix(expected.count)) == expected)
                try shim.delete()
                let process = try shim.shimPID()
                try shim.shutdown()
                try shim.events.await("delete a")
                try Host.awaitEnd(of: process)
                #expect(shim.events.exits(of: "a").count == 1)
            }
        }

        @Test("delete tells the true status of a container whose shim was killed", arguments: [ShimFlavor.runc, .crun])
        func killedShim(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, ["sh", "-c", "exit 7"]) { shim in
                let pid = try shim.create()
                try shim.startTask()
                #expect(try shim.wait() == 7)
                let process = try shim.shimPID()
                kill(process, SIGKILL)
                try Host.awaitEnd(of: process)
                for _ in 0..<2 {
                    let deleted = try shim.deleteBinary("a")
                    #expect(deleted.exitStatus == 7)
                    #expect(deleted.pid == UInt32(pid))
                }
                #expect(!Host.exists(shim.socket))
            }
        }

        @Test("delete ends and unmounts what a killed shim left", arguments: ShimFlavor.quick)
        func orphans(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, edit: { $0["root"] = ["path": "rootfs"] }) { shim in
                var request = shim.createRequest()
                var mount = Containerd_Types_Mount()
                mount.type = "bind"
                mount.source = shim.workspace.file("rootfs")
                mount.options = ["rbind", "ro"]
                request.rootfs = [mount]
                let created: Containerd_Task_V2_CreateTaskResponse = try shim.call("Create", request)
                try shim.startTask()
                let process = try shim.shimPID()
                kill(process, SIGKILL)
                try Host.awaitEnd(of: process)
                let deleted = try shim.deleteBinary("a")
                #expect(deleted.exitStatus == 137)
                #expect(deleted.pid == created.pid)
                try Host.awaitEnd(of: pid_t(created.pid))
                let mounts = try Host.read("/proc/self/mountinfo")
                #expect(!mounts.contains(shim.bundle("a")))
            }
        }

        @Test("delete of a bundle in which nothing happened succeeds", arguments: [ShimFlavor.runc])
        func emptyBundle(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                try shim.makeBundle("empty", ["true"])
                let deleted = try shim.deleteBinary("empty")
                #expect(deleted.exitStatus == 137)
                #expect(deleted.pid == 0)
                // The other container's shim has not noticed.
                #expect(try shim.shimPID() > 1)
            }
        }

        @Test("SIGTERM ends a shim cleanly, and its container goes on", arguments: ShimFlavor.quick)
        func terminated(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                let pid = try shim.create()
                try shim.startTask()
                let process = try shim.shimPID()
                kill(process, SIGTERM)
                try Host.awaitEnd(of: process)
                #expect(!Host.exists(shim.socket))
                #expect(kill(pid, 0) == 0)
                #expect(try shim.deleteBinary("a").pid == UInt32(pid))
            }
        }

        @Test("a runtime that takes its time holds up no other call", arguments: [ShimFlavor.runc])
        func slowRuntime(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                try shim.create()
                try shim.startTask()
                let gate = shim.fifo("gate")
                let slow = shim.workspace.file("slow-runc")
                let script = "#!/bin/sh\ncase \"$*\" in *' create '*) read go < \(gate);; esac\nexec runc \"$@\"\n"
                try Host.write(script, to: slow, mode: 0o755)
                var options = Containerd_Runc_V1_Options()
                options.binaryName = slow
                try shim.makeBundle("b", ["sleep", "1000"])
                var request = shim.createRequest("b")
                request.options = ShimFlavor.any("containerd.runc.v1.Options", try options.serializedBytes())
                try shim.begin("Create", request, on: "slow")
                let begun = ContinuousClock.now
                for _ in 0..<20 { #expect(try shim.state().status == .running) }
                #expect(try shim.refusal("State", shim.stateRequest("", "b"))?.code == .notFound)
                try shim.exec("e", "true")
                #expect(try shim.wait("e") == 0)
                #expect(begun.duration(to: .now) < .seconds(2))
                _ = try Child(["sh", "-c", "echo go > \(gate)"]).wait()
                let created: Containerd_Task_V2_CreateTaskResponse = try shim.answer(on: "slow")
                #expect(created.pid > 0)
                // Shutdown with containers left does nothing.
                try shim.shutdown()
                #expect(try shim.state("", "b").status == .created)
                try shim.delete("", "b")
            }
        }

        @Test("a client that goes while it waits is forgotten", arguments: [ShimFlavor.runc])
        func lostWaiters(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                try shim.create()
                try shim.startTask()
                let process = try shim.shimPID()
                let before = Host.names(in: "/proc/\(process)/fd").count
                for _ in 0..<50 {
                    let peer = try WirePeer(to: shim.socket)
                    let wait = try Ttrpc_Request(
                        service: flavor.service, method: "Wait", message: shim.waitRequest(), metadata: [:])
                    _ = try peer.send(
                        Frame(streamID: 1, kind: .request, body: try wait.serializedBytes()).encoded)
                }
                // The loop takes its descriptors in turn: while these are answered, the others' ends are seen.
                for _ in 0..<10 { #expect(try shim.state().status == .running) }
                #expect(Host.names(in: "/proc/\(process)/fd").count <= before + 5)
                try shim.send("Kill", shim.killRequest(SIGKILL))
                #expect(try shim.wait() == 137)
            }
        }
    }
}
