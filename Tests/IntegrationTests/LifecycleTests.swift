import SwctrTestSupport
import Testing

extension Integration {
    /// The life of a container that nobody holds in the foreground.
    @Suite("Detached containers")
    struct LifecycleTests {
        @Test("run, list, exec, pause, resume, kill, delete", arguments: Setting.all)
        func lifecycle(_ setting: Setting) throws {
            try setting.with { site in
                let client = site.client
                let events = try client.events()
                try site.detach("a", "sh", "-c", "trap 'exit 9' TERM; while :; do sleep 0.05; done")
                #expect(try client.task("a").status == "RUNNING")
                let process = try client.task("a").processID
                #expect(Host.exists("/proc/\(process)"))
                #expect(try client.must("containers", "list", "--quiet").lines == ["a"])

                let outcome = try site.exec("a", "sh", "-c", "echo $$ in $(hostname >/dev/null && echo here); exit 12")
                #expect(outcome.text.hasSuffix("in here\n"))
                #expect(outcome.status == 12)

                try client.must("tasks", "pause", "a")
                #expect(try client.task("a").status == "PAUSED")
                #expect(try site.exec("a", "true").status != 0, "nothing starts in a paused container")
                try client.must("tasks", "resume", "a")
                #expect(try client.task("a").status == "RUNNING")

                #expect(try client.run("tasks", "delete", "a").status != 0, "a running task is not deleted")
                #expect(try client.run("containers", "delete", "a").status != 0, "nor is its container")

                // The exit of the exec came before this, the container's own comes after it.
                try events.expect("/tasks/resumed")
                try client.must("tasks", "kill", "a")
                try events.expect("/tasks/exit")
                #expect(try client.task("a").status == "STOPPED")
                _ = try client.run("tasks", "delete", "a")
                #expect(try client.tasks()["a"] == nil)
                try client.must("containers", "delete", "a")
                #expect(try client.must("containers", "list", "--quiet").lines == [])
                try events.expect("/tasks/delete")
            }
        }

        @Test("only what goes with its container is kept from the disk")
        func volatile() throws {
            try Setting.runc.with { site in
                func root(_ outcome: Outcome) -> String { outcome.lines.first { $0.contains(" / ") } ?? "" }
                #expect(root(try site.run("a", "cat", "/proc/mounts")).contains("volatile"))
                let kept = try site.client.run(site.runArguments([], "b", ["cat", "/proc/mounts"]))
                #expect(root(kept).hasPrefix("overlay ") && !root(kept).contains("volatile"))
                try site.client.must("containers", "delete", "b")
            }
        }

        @Test("ps lists the processes, and those of execs with their ids", arguments: Setting.all)
        func processes(_ setting: Setting) throws {
            try setting.with { site in
                try site.detach("a", "sleep", "1000")
                let exec = try site.client.start(
                    ["tasks", "exec", "--exec-id", "second", "a", "sh", "-c", "echo up; exec sleep 1000"])
                try exec.expect("up\n")
                let rows = try site.client.must("tasks", "ps", "a").lines.dropFirst()
                // runsc tells pids as they are inside its sandbox, to everybody who asks.
                if setting.testDescription != Setting.runsc.testDescription {
                    let first = try site.client.task("a").processID
                    #expect(rows.contains { $0.hasPrefix("\(first) ") })
                    #expect(rows.count == 2)
                    #expect(rows.contains { $0.contains("second") })
                }
                try site.client.must("tasks", "kill", "--exec-id", "second", "--signal", "SIGKILL", "a")
                #expect(try exec.wait().status == 137)
            }
        }

        @Test("attach shows what comes from now on, and ends with the process's status", arguments: Setting.all)
        func attach(_ setting: Setting) throws {
            try setting.with { site in
                try site.detach("a", "sh", "-c", "trap 'exit 6' TERM; while :; do echo tick; sleep 0.05; done")
                let child = try site.client.start(["tasks", "attach", "a"])
                try child.expect("tick\n")
                try child.expect("tick\n")
                try site.client.must("tasks", "kill", "a")
                #expect(try child.wait().status == 6)
                #expect(try site.client.tasks()["a"] == nil, "attach deletes the task that has ended")
            }
        }

        @Test(
            "a state folder with a long path does not keep containers from starting",
            .enabled(if: Setting.one.daemon == .swctrd, "is about swctr's own manager"))
        func longStatePath() throws {
            try Workspace.with { workspace in
                let manager = try Manager(in: workspace, stateFolder: String(repeating: "s", count: 60))
                let client = manager.client
                try client.must("images", "import", try TestImage.archive())
                workspace.atEnd { _ = try client.run("tasks", "delete", "--force", "a") }
                try client.must("run", "--detach", TestImage.name, "a", "sleep", "1000")
                #expect(try client.run("exec", "a", "sh", "-c", "exit 5").status == 5)
                // The shim is found again where it is.
                try manager.daemon.kill()
                try manager.daemon.start()
                #expect(try client.task("a").status == "RUNNING")
                #expect(try client.run("exec", "a", "sh", "-c", "exit 6").status == 6)
                try client.must("rm", "--force", "a")
            }
        }
    }
}
