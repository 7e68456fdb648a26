import Foundation
import SwctrProto
import SwctrTestSupport
import SwctrWire
import Testing

extension Integration {
    /// The manager may end at any time; containers do not notice, and what happened meanwhile is not lost.
    @Suite("The manager's death", .enabled(if: Setting.one.daemon == .swctrd, "tests swctr's own manager"))
    struct ManagerDeathTests {
        @Test("twenty containers outlive a killed manager, and the exit of one of them is not lost")
        func twenty() throws {
            try Setting.runc.with { site in
                guard let manager = site.manager else { return }
                let client = site.client
                let gate = site.workspace.file("gate")
                try Host.makeFolder(gate)
                let flags = ["--mount", "type=bind,src=\(gate),dst=/gate,options=rbind:ro"]
                let script = """
                    until [ -e /gate/open ]; do echo wait; sleep 0.1; done
                    echo opened
                    while :; do echo tick; sleep 0.1; done
                    """
                for number in 1...19 { try site.detach("c\(number)", flags: flags, "sh", "-c", script) }
                try site.detach(
                    "c20", flags: flags, "sh", "-c", "until [ -e /gate/open ]; do sleep 0.05; done; exit 42")
                let before = try client.tasks()
                #expect(before.count == 20)
                let watcher = try client.start(["tasks", "attach", "c3"])
                try watcher.expect("wait\n")

                try manager.daemon.kill()
                try Host.write("", to: gate + "/open")
                try Host.awaitEnd(of: try #require(before["c20"]).processID)
                try watcher.expect("opened\n")
                try watcher.expect("tick\n")

                try manager.daemon.start()
                let after = try client.tasks()
                #expect(after.count == 20)
                for number in 1...19 {
                    #expect(after["c\(number)"]?.status == "RUNNING")
                    #expect(after["c\(number)"]?.processID == before["c\(number)"]?.processID)
                }
                #expect(after["c20"]?.status == "STOPPED")
                var request = Swctr_V1_GetTaskRequest()
                request.id = "c20"
                let answer: Swctr_V1_GetTaskResponse = try WirePeer(to: manager.socket).call(
                    ServiceName.tasks, "Get", request, namespace: site.workspace.namespace)
                #expect(answer.task.exitStatus == 42)

                // What was said while nobody listened did not hold the others up.
                let late = try client.start(["tasks", "attach", "c4"])
                try late.expect("tick\n")
                for (id, child) in [("c3", watcher), ("c4", late)] {
                    try client.must("tasks", "kill", "--signal", "SIGKILL", id)
                    #expect(try child.wait().status == 137)
                }
            }
        }

        @Test("a client that waits gets the status from the next manager")
        func waitingClient() throws {
            try Setting.runc.with { site in
                guard let manager = site.manager else { return }
                let child = try site.start("a", "sh", "-c", "echo up; read line; echo got $line; exit 9")
                try child.expect("up\n")
                try manager.daemon.kill()
                try manager.daemon.start()
                child.send("word\n")
                try child.expect("got word\n")
                #expect(try child.wait().status == 9)
                #expect(try site.client.must("containers", "list", "--quiet").lines == [], "--rm was honoured")
            }
        }

        @Test("a manager that is asked to end leaves its containers running")
        func cleanEnd() throws {
            try Setting.runc.with { site in
                guard let manager = site.manager else { return }
                try site.detach("a", "sleep", "1000")
                let process = try site.client.task("a").processID
                try manager.daemon.stop()
                #expect(Host.exists("/proc/\(process)"))
                #expect(!Host.exists(manager.socket), "its socket is gone")
                let outcome = try site.client.run("tasks", "ls")
                #expect(outcome.status == 1)
                #expect(outcome.errorText.contains(manager.socket), "the error names the socket")
                #expect(outcome.errorText.split(separator: "\n").count == 1)
                try manager.daemon.start()
                #expect(try site.client.task("a").processID == process)
            }
        }

        @Test("killed anywhere in a run, it finishes or undoes what it had begun")
        func anywhere() throws {
            try Setting.runc.with { site in
                guard let manager = site.manager else { return }
                for round in 0..<12 {
                    let id = "c\(round)"
                    let child = try site.client.start(
                        site.runArguments(["--detach"], id, ["sleep", "1000"]), input: .null)
                    // Later each time: from before the request has arrived to after the container has started.
                    _ = try child.shows("never", within: .milliseconds(round * 6))
                    try manager.daemon.kill()
                    child.signal(SIGKILL)
                    _ = try child.wait()
                    try manager.daemon.start()
                    if let task = try site.client.tasks()[id], task.status == "RUNNING" {
                        #expect(try site.exec(id, "echo", "alive").text == "alive\n", "round \(round)")
                    }
                    _ = try site.client.run("tasks", "delete", "--force", id)
                    _ = try site.client.run("containers", "delete", id)
                    #expect(!Host.exists(manager.bundle(of: id)), "round \(round)")
                    #expect(try site.run(id, "echo", "again").text == "again\n", "round \(round)")
                }
            }
        }
    }
}
