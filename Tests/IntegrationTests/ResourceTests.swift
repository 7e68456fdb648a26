import Foundation
import SwctrProto
import SwctrTestSupport
import SwctrWire
import SwiftProtobuf
import Testing

extension Integration {
    /// From the client down to the kernel's files. `make test-vm` runs this on cgroup v2 too.
    @Suite("Resources of a container")
    struct ResourceTests {
        static let settings = Setting.all.filter {
            [Setting.runc, .crun].map(\.testDescription).contains($0.testDescription)
        }

        @Test("limit, statistics, pause, kill, delete, and nothing is left", arguments: settings)
        func life(_ setting: Setting) throws {
            try setting.with { site in
                try site.detach("a", flags: ["--memory-limit", "\(32 << 20)"], "sleep", "1000")
                let process = try site.client.task("a").processID
                let cgroup = try Self.memoryCgroup(of: process)
                let limit = Host.hasUnifiedCgroups ? "memory.max" : "memory.limit_in_bytes"
                #expect(try Host.read("\(cgroup)/\(limit)") == "\(32 << 20)\n")

                let address = try Host.read(site.bundle(of: "a") + "/address").dropFirst("unix://".count)
                var request = Containerd_Task_V2_StatsRequest()
                request.id = "a"
                let stats: Containerd_Task_V2_StatsResponse = try WirePeer(to: String(address)).call(
                    ServiceName.taskV2, "Stats", request)
                if Host.hasUnifiedCgroups {
                    let metrics = try Io_Containerd_Cgroups_V2_Metrics(serializedBytes: stats.stats.value)
                    #expect(metrics.memory.usageLimit == 32 << 20)
                    #expect(metrics.pids.current == 1)
                } else {
                    let metrics = try Io_Containerd_Cgroups_V1_Metrics(serializedBytes: stats.stats.value)
                    #expect(metrics.memory.usage.limit == 32 << 20)
                    #expect(metrics.pids.current == 1)
                }
                try site.client.must("tasks", "pause", "a")
                #expect(try site.client.task("a").status == "PAUSED")
                try site.client.must("tasks", "resume", "a")
                try site.client.must("tasks", "kill", "--signal", "SIGKILL", "a")
                _ = try site.client.run("tasks", "delete", "--force", "a")
                try site.client.must("containers", "delete", "a")
                try Host.awaitEnd(of: process)
                #expect(!Host.exists(cgroup))
            }
        }

        @Test("a client sees that its container ran out of memory", arguments: settings)
        func memory(_ setting: Setting) throws {
            try setting.with { site in
                let events = try site.client.events()
                let outcome = try site.run(
                    "a", flags: ["--memory-limit", "\(24 << 20)"], "tail", "/dev/zero")
                #expect(outcome.status == 137)
                try events.expect("/tasks/oom")
                try events.expect("/tasks/exit")
            }
        }

        private static func memoryCgroup(of process: pid_t) throws -> String {
            for line in try Host.read("/proc/\(process)/cgroup").split(separator: "\n") {
                let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
                if fields[1] == (Host.hasUnifiedCgroups ? "" : "memory") {
                    return Host.cgroup(of: String(fields[2].dropFirst()), controller: "memory")
                }
            }
            throw TestFailure("process \(process) is in no cgroup")
        }
    }
}
