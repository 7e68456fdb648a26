import Foundation
import SwctrCore
import SwctrProto
import SwctrTestSupport
import SwctrWire
import Testing

extension Integration {
    /// Limits and what is counted. The same on both kinds of cgroups: `make test-vm` runs this suite on v2.
    @Suite("Shim: resources")
    struct ShimResourceTests {
        static var limits: [String: Any] {
            [
                "memory": ["limit": 64 << 20], "pids": ["limit": 50],
                "cpu": ["quota": 20_000, "period": 100_000],
            ]
        }

        @Test("Stats counts memory, processes, time and throttling", arguments: ShimFlavor.quick)
        func stats(_ flavor: ShimFlavor) throws {
            let script = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo done; exec sleep 1000"
            var limits = Self.limits
            // So little that even a busy machine gives it more than it may have.
            limits["cpu"] = ["quota": 5000, "period": 100_000]
            try ShimFixture.with(flavor, ["sh", "-c", script], edit: ShimFixture.limits(limits)) { shim in
                let output = try shim.reader("out")
                try shim.create("a", .output("out"))
                try shim.startTask()
                try output.expect("done")
                let metrics = try shim.metrics()
                #expect(metrics["pids.current"] == 1)
                #expect(metrics["pids.limit"] == 50)
                if Host.hasUnifiedCgroups {
                    #expect(metrics["memory.usage_limit"] == Double(64 << 20))
                    #expect(metrics["memory.usage"] ?? 0 > 0)
                    #expect(metrics["cpu.usage_usec"] ?? 0 > 1_000)
                    #expect(metrics["cpu.nr_periods"] ?? 0 > 0)
                    #expect(metrics["cpu.nr_throttled"] ?? 0 > 0)
                    // Debian's 1.6 does not know what has come since.
                    if flavor.isOurs {
                        #expect(metrics["cpu.psi.some.total"] ?? 0 > 0)
                        #expect(metrics["memory.max_usage"] ?? 0 >= metrics["memory.usage"] ?? .infinity)
                    }
                } else {
                    #expect(metrics["memory.usage.limit"] == Double(64 << 20))
                    #expect(metrics["memory.usage.usage"] ?? 0 > 0)
                    #expect(metrics["cpu.usage.total"] ?? 0 > 1_000_000)
                    #expect(metrics["cpu.throttling.periods"] ?? 0 > 0)
                    #expect(metrics["cpu.throttling.throttled_periods"] ?? 0 > 0)
                }
            }
        }

        /// The other shim is made to look at the same container by a runtime that makes none of its own.
        @Test("every number is the one that containerd's shim reads", arguments: [ShimFlavor.runc, .crun])
        func parity(_ flavor: ShimFlavor) throws {
            let script = "head -c 1048576 /dev/zero > /tmp/file-$$; sync; echo done; exec sleep 1000"
            try ShimFixture.with(flavor, ["sh", "-c", script], edit: ShimFixture.limits(Self.limits)) { shim in
                let output = try shim.reader("out")
                let pid = try shim.create("a", .output("out"))
                try shim.startTask()
                try output.expect("done")
                try shim.send("Pause", shim.pauseRequest())
                try ShimFixture.with(.scripted(.stock)) { stock in
                    try Host.write("\(pid)", to: stock.bundle("a") + "/init.pid.given")
                    try Host.write(
                        "case $1 in create) cp \"$bundle/init.pid.given\" \"$bundle/init.pid\" ;; esac; exit 0",
                        to: stock.bundle("a") + "/script")
                    try stock.create()
                    let before = try shim.metrics()
                    let theirs = try stock.metrics()
                    let after = try shim.metrics()
                    #expect(theirs.count > 10)
                    for (name, value) in theirs {
                        // The kernel gathers some counts from time to time, frozen or not.
                        let ours = [before[name] ?? -1, after[name] ?? -1]
                        let range = min(ours[0], ours[1])...max(ours[0], ours[1])
                        #expect(range.contains(value), "\(name): theirs \(value), ours \(range)")
                    }
                    let known = Set(theirs.keys)
                    let more = before.filter { !known.contains($0.key) && !Self.youngerThanStock($0.key) }
                    #expect(more.isEmpty, "only ours: \(more)")
                }
                try shim.send("Resume", shim.resumeRequest())
            }
        }

        /// What containerd 1.6 does not fill in.
        private static func youngerThanStock(_ name: String) -> Bool {
            name.contains("psi.") || name == "memory.max_usage" || name == "memory.swap_max_usage"
                || name.hasPrefix("cpu.nr_bursts") || name.hasPrefix("cpu.burst") || name.hasPrefix("memory_events.")
                || name.hasSuffix("].failcnt")
        }

        @Test("Stats works after the exit, until the cgroup is gone", arguments: ShimFlavor.quick)
        func statsOfTheDead(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, ["sh", "-c", "exit 3"], edit: ShimFixture.limits(Self.limits)) { shim in
                try shim.create()
                try shim.startTask()
                #expect(try shim.wait() == 3)
                #expect(try shim.metrics()["pids.limit"] == 50)
                try must([flavor.runtime.isEmpty ? "runc" : flavor.runtime, "--root", shim.runtimeRoot, "delete", "a"])
                // Debian's 1.6 answers with zeros on v1.
                if flavor.isOurs {
                    let refused = try #require(try shim.refusal("Stats", shim.statsRequest()))
                    #expect(refused.code == .notFound)
                    #expect(refused.message == "cgroup does not exist: not found")
                }
                #expect(try shim.delete().exitStatus == 3)
            }
        }

        @Test("Update changes the limits of what runs", arguments: ShimFlavor.quick)
        func update(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, edit: ShimFixture.limits(Self.limits)) { shim in
                try shim.create()
                try shim.startTask()
                try shim.send(
                    "Update",
                    shim.updateRequest([
                        "memory": ["limit": 48 << 20, "reservation": 16 << 20], "pids": ["limit": 33],
                        "cpu": ["quota": 50_000, "period": 100_000],
                    ]))
                #expect(try shim.cgroupFile("pids", "pids.max") == "33")
                if Host.hasUnifiedCgroups {
                    #expect(try shim.cgroupFile("", "memory.max") == "\(48 << 20)")
                    #expect(try shim.cgroupFile("", "memory.low") == "\(16 << 20)")
                    #expect(try shim.cgroupFile("", "cpu.max") == "50000 100000")
                } else {
                    #expect(try shim.cgroupFile("memory", "memory.limit_in_bytes") == "\(48 << 20)")
                    #expect(try shim.cgroupFile("memory", "memory.soft_limit_in_bytes") == "\(16 << 20)")
                    #expect(try shim.cgroupFile("cpu", "cpu.cfs_quota_us") == "50000")
                }
                let wrong = try #require(
                    try shim.refusal("Update", shim.updateRequest(["cpu": ["quota": -2, "period": 1]])))
                #expect(wrong.code == .unknown)
                if flavor.isOurs { #expect(wrong.message.hasPrefix("OCI runtime update failed: "), "\(wrong.message)") }
                #expect(try shim.state().status == .running)

                try shim.send("Kill", shim.killRequest(SIGKILL))
                _ = try shim.wait()
                let late = try shim.refusal("Update", shim.updateRequest(["pids": ["limit": 10]]))
                #expect(late?.message == "cannot update a stopped container")
            }
        }

        @Test("a paused container's cgroup is frozen, and thawed by Resume", arguments: ShimFlavor.quick)
        func freezer(_ flavor: ShimFlavor) throws {
            let script = "while :; do echo tick; sleep 0.02; done"
            try ShimFixture.with(flavor, ["sh", "-c", script]) { shim in
                let output = try shim.reader("out")
                try shim.create("a", .output("out"))
                try shim.startTask()
                try output.expect("tick")
                func isFrozen() throws -> Bool {
                    Host.hasUnifiedCgroups
                        ? try shim.cgroupFile("", "cgroup.events").contains("frozen 1")
                        // crun does not wait until the last process has noticed.
                        : try shim.cgroupFile("freezer", "freezer.state") != "THAWED"
                }
                try shim.send("Pause", shim.pauseRequest())
                #expect(try isFrozen())
                // What was on its way may come; then it is still.
                while try output.shows("tick", within: .milliseconds(200)) { try output.expect("tick") }
                // A signal waits, but for the one that cannot wait on v2.
                try shim.send("Kill", shim.killRequest(SIGTERM))
                #expect(try shim.state().status == .paused)
                try shim.send("Resume", shim.resumeRequest())
                #expect(try !isFrozen())
                try output.expect("tick")
                try shim.send("Pause", shim.pauseRequest())
                try shim.send("Kill", shim.killRequest(SIGKILL))
                // What is frozen does not die on v1: crun leaves it so, runc and the shim thaw it.
                #expect(try shim.wait() == 137)
                try shim.delete()
                #expect(Host.cgroups(of: shim.workspace.namespace).isEmpty)
            }
        }

        @Test("Kill of all reaches execs as well", arguments: ShimFlavor.quick)
        func killAll(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, ["sh", "-c", "trap : TERM; while :; do sleep 0.05; done"]) { shim in
                try shim.create()
                try shim.startTask()
                try shim.exec("e", "sleep", "1000")
                try shim.send("Kill", shim.killRequest(SIGTERM, all: true))
                #expect(try shim.wait("e") == 143)
                #expect(try shim.state().status == .running)
                try shim.send("Kill", shim.killRequest(SIGKILL, all: true))
                #expect(try shim.wait() == 137)
                try shim.delete()
                #expect(Host.cgroups(of: shim.workspace.namespace).isEmpty)
            }
        }

        @Test("a shim that was killed leaves no cgroup once delete has run", arguments: [ShimFlavor.runc, .crun])
        func orphanedCgroups(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, edit: ShimFixture.limits(Self.limits)) { shim in
                try shim.create()
                try shim.startTask()
                let process = try shim.shimPID()
                #expect(!Host.cgroups(of: shim.workspace.namespace).isEmpty)
                kill(process, SIGKILL)
                try Host.awaitEnd(of: process)
                #expect(try shim.deleteBinary("a").exitStatus == 137)
                #expect(Host.cgroups(of: shim.workspace.namespace).isEmpty)
            }
        }
    }
}
