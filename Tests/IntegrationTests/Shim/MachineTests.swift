import Foundation
import SwctrCore
import SwctrProto
import SwctrTestSupport
import SwctrWire
import SwiftProtobuf
import Testing

extension Integration {
    /// What `make test-vm` alone can show, in a small machine with cgroup v2 and a kernel of criu's age. `.ci/test.sh`
    /// leaves it out on the host.
    @Suite("In the small machine", .enabled(if: getenv("SWCTR_MACHINE") != nil, "make test-vm runs these"))
    struct MachineTests {
        /// criu needs programs of its own to lock a network that is not the host's.
        static func withHostNetwork(_ spec: inout [String: Any]) {
            guard var linux = spec["linux"] as? [String: Any] else { return }
            linux["namespaces"] = ["pid", "ipc", "uts", "mount"].map { ["type": $0] }
            spec["linux"] = linux
        }

        @Test("the machine has cgroup v2 and nothing else")
        func unified() {
            #expect(Host.hasUnifiedCgroups)
        }

        /// crun alone asks for some of them.
        @Test("every controller of the host counts for a container", arguments: [ShimFlavor.runc, .crun])
        func controllers(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                try shim.create()
                #expect(
                    try shim.cgroupFile("", "cgroup.controllers")
                        == Host.read("/sys/fs/cgroup/cgroup.controllers").trimmingCharacters(in: .newlines))
            }
        }

        @Test("criu brings a container back to where it was")
        func restore() throws {
            try ShimCheckpointTests.roundTrip(.runc, edit: Self.withHostNetwork)
        }

        @Test("a container that is only copied runs on, and its copy too")
        func copy() throws {
            try ShimFixture.with(
                .runc, ["sh", "-c", ShimCheckpointTests.counting], edit: Self.withHostNetwork
            ) { shim in
                let output = try shim.reader("out")
                try shim.create("a", .output("out"))
                try shim.startTask()
                try output.expect("\n5\n", within: .seconds(30))
                let image = shim.workspace.file("image")
                let work = shim.workspace.file("work")
                try shim.send(
                    "Checkpoint", shim.checkpointRequest(image) { $0.workPath = work }, on: "checkpoint")
                #expect(Host.exists(image + "/inventory.img"))
                #expect(try Host.read(work + "/dump.log").contains("Dumping finished successfully"))
                #expect(!Host.exists(shim.bundle("a") + "/work/criu-work"))
                let reached = String(decoding: output.output, as: UTF8.self).split(separator: "\n").count
                try output.expect("\n\(reached + 5)\n", within: .seconds(30))
                #expect(try shim.state().status == .running)
            }
        }

        @Test("a container with a terminal comes back with a terminal")
        func terminal() throws {
            let script = "read first; echo got $first; read second; echo and $second; sleep 1000"
            try ShimFixture.with(
                .runc, ["sh", "-c", script], terminal: true, edit: Self.withHostNetwork
            ) { shim in
                let streams = ShimFixture.Streams(input: "in", output: "out", terminal: true)
                let before = try shim.reader("out")
                try shim.create("a", streams)
                try shim.startTask()
                _ = try Child(["sh", "-c", "echo one > \(shim.fifo("in"))"]).wait()
                try before.expect("got one")
                let image = shim.workspace.file("image")
                try shim.send(
                    "Checkpoint",
                    shim.checkpointRequest(image) {
                        $0.exit = true
                        $0.terminal = true
                    }, on: "checkpoint")
                #expect(try shim.wait() == 137)
                try shim.delete()
                _ = try before.wait()

                let after = try shim.reader("out")
                var request = shim.createRequest("a", streams)
                request.checkpoint = image
                try shim.send("Create", request)
                try shim.startTask()
                var resize = Containerd_Task_V2_ResizePtyRequest()
                resize.id = "a"
                resize.width = 100
                resize.height = 40
                try shim.send("ResizePty", resize)
                _ = try Child(["sh", "-c", "echo two > \(shim.fifo("in"))"]).wait()
                try after.expect("and two")
                try shim.exec("e", "sh", "-c", "stty size < /proc/1/fd/0 > /tmp/size")
                #expect(try shim.wait("e") == 0)
                #expect(try Host.read(shim.workspace.file("rootfs/tmp/size")) == "40 100\n")
                try shim.send("Kill", shim.killRequest(SIGKILL))
                #expect(try shim.wait() == 137)
            }
        }

        @Test("what cannot be restored says so in runc's words")
        func broken() throws {
            try ShimFixture.with(.runc, edit: Self.withHostNetwork) { shim in
                let image = shim.workspace.file("image")
                try Host.makeFolder(image)
                var request = shim.createRequest()
                request.checkpoint = image
                try shim.send("Create", request)
                let refused = try #require(try shim.refusal("Start", shim.startRequest()))
                #expect(refused.message.hasPrefix("OCI runtime restore failed: "))
                #expect(refused.message.count > "OCI runtime restore failed: exit status 1".count, "\(refused.message)")
                try shim.delete()
            }
        }
    }
}
