import Foundation
import SwctrCore
import SwctrProto
import SwctrTestSupport
import Testing

extension Integration {
    /// The kernel kills for want of memory: who is told, and when. On v1 and, in `make test-vm`, on v2.
    @Suite("Shim: out of memory")
    struct ShimMemoryTests {
        @Test("a process that takes too much is reported as such", arguments: ShimFlavor.quick)
        func exec(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, edit: ShimFixture.littleMemory) { shim in
                try shim.create()
                try shim.startTask()
                try shim.exec("e", "tail", "/dev/zero")
                #expect(try shim.wait("e") == 137)
                try shim.events.await("oom a")
                let seen = try shim.events.await("exit e")
                // Debian's shim has two threads for it, and promises no order.
                if flavor.isOurs { #expect(seen.suffix(2) == ["oom a", "exit e"]) }
                #expect(try shim.state().status == .running)
                if Host.hasUnifiedCgroups {
                    #expect(try shim.metrics()["memory_events.oom_kill"] == 1)
                } else {
                    #expect(try shim.metrics()["memory_oom_control.oom_kill"] == 1)
                }
            }
        }

        /// containerd #12405: its watch began after the start, and could miss this.
        @Test(
            "it is reported even of a first process that starts with it, and before its exit",
            arguments: [
                ShimFlavor.runc, .crun,
            ])
        func first(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, ["tail", "/dev/zero"], edit: ShimFixture.littleMemory) { shim in
                let process = try shim.shimPID()
                var descriptors = 0
                for round in 1...5 {
                    try shim.create()
                    try shim.startTask()
                    #expect(try shim.wait() == 137)
                    try shim.delete()
                    try shim.events.await("delete a", times: round)
                    if round == 1 { descriptors = Host.names(in: "/proc/\(process)/fd").count }
                }
                // One that is left of each round would be four by now; a connection may come and go.
                #expect(Host.names(in: "/proc/\(process)/fd").count <= descriptors + 2)
                let round = ["create a", "start a", "oom a", "exit a", "delete a"]
                #expect(shim.events.seen == Array(repeating: round, count: 5).flatMap { $0 })
            }
        }

        /// Its own limit is never reached, but that of the group above is.
        @Test("a container that is killed for the want of its pod is told of too", arguments: [ShimFlavor.runc, .crun])
        func pod(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(
                flavor,
                edit: { spec in
                    guard var linux = spec["linux"] as? [String: Any] else { return }
                    linux["cgroupsPath"] = (linux["cgroupsPath"] as? String ?? "") + "/inner"
                    spec["linux"] = linux
                }
            ) { shim in
                try shim.create()
                try shim.startTask()
                let parent = Host.cgroup(of: "\(shim.workspace.namespace)/a", controller: "memory")
                let limit = Host.hasUnifiedCgroups ? "memory.max" : "memory.limit_in_bytes"
                // Not with Host.write: a file of a cgroup cannot be replaced.
                try must(["sh", "-c", "echo \(24 << 20) > \(parent)/\(limit)"])
                try shim.exec("e", "tail", "/dev/zero")
                #expect(try shim.wait("e") == 137)
                try shim.events.await("exit e")
                #expect(shim.events.seen.suffix(2) == ["oom a", "exit e"])
                try shim.send("Kill", shim.killRequest(SIGKILL))
                _ = try shim.wait()
                try shim.delete()
                for root in Host.cgroupRoots { rmdir("\(root)/\(shim.workspace.namespace)/a") }
            }
        }

        @Test("death for another reason is not called that", arguments: ShimFlavor.quick)
        func other(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, edit: ShimFixture.littleMemory) { shim in
                try shim.create()
                try shim.startTask()
                try shim.exec("e", "sleep", "1000")
                try shim.send("Kill", shim.killRequest(SIGKILL, exec: "e"))
                #expect(try shim.wait("e") == 137)
                try shim.send("Kill", shim.killRequest(SIGKILL))
                #expect(try shim.wait() == 137)
                try shim.delete()
                let seen = try shim.events.await("delete a")
                #expect(!seen.contains("oom a"), "\(seen)")
            }
        }
    }
}
