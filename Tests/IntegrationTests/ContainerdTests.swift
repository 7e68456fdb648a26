import Foundation
import SwctrTestSupport
import Testing

extension Integration {
    /// What Debian's containerd asks of our shim beyond running containers (those tests are in the other suites).
    @Suite("Our shim under Debian's containerd")
    struct ContainerdTests {
        static let settings = Setting.all.filter { $0.daemon == .containerd }

        enum Ending: String, CaseIterable, Sendable { case stopped, killed }

        @Test(
            "a container outlives containerd, and answers it again when it is back", arguments: settings,
            Ending.allCases)
        func restart(_ setting: Setting, _ ending: Ending) throws {
            try setting.with { site in
                guard let containerd = site.containerd else { return }
                let client = site.client
                try site.detach(
                    "a", "sh", "-c", "trap 'exit 8' TERM; i=0; while :; do i=$((i+1)); echo tick $i; sleep 0.05; done")
                let process = try client.task("a").processID
                switch ending {
                case .stopped: try containerd.daemon.stop()
                case .killed: try containerd.daemon.kill()
                }
                #expect(Host.exists("/proc/\(process)"))
                try containerd.daemon.start()
                #expect(try client.task("a").status == "RUNNING")
                #expect(try client.task("a").processID == process)
                #expect(try site.exec("a", "sh", "-c", "exit 21").status == 21)
                let child = try client.start(["tasks", "attach", "a"])
                try child.expect("tick")
                try client.must("tasks", "kill", "a")
                #expect(try child.wait().status == 8)
            }
        }

        @Test("a container that ended while containerd was away has its status", arguments: settings)
        func missedExit(_ setting: Setting) throws {
            try setting.with { site in
                guard let containerd = site.containerd else { return }
                let gate = site.workspace.file("gate")
                try Host.makeFolder(gate)
                try site.detach(
                    "a", flags: ["--mount", "type=bind,src=\(gate),dst=/gate,options=rbind"], "sh", "-c",
                    "while [ ! -e /gate/open ]; do sleep 0.05; done; exit 17")
                let process = try site.client.task("a").processID
                try containerd.daemon.kill()
                try Host.write("", to: gate + "/open")
                try Host.awaitEnd(of: process)
                try containerd.daemon.start()
                #expect(try site.client.task("a").status == "STOPPED")
                let outcome = try site.client.run("tasks", "delete", "a")
                #expect(outcome.errorText.contains("17"), "ctr says which status it was")
            }
        }

        @Test("a kill is answered although the runtime lingers over it and the container is deleted meanwhile")
        func lingeringKill() throws {
            try Setting.byName.with { site in
                let runtime = site.workspace.file("runc-that-lingers")
                try Host.write(
                    """
                    #!/bin/sh
                    runc "$@"; status=$?
                    case " $* " in *" kill "*) sleep 1 ;; esac
                    exit $status
                    """, to: runtime, mode: 0o755)
                let options = site.workspace.file("options.toml")
                try Host.write("BinaryName = \"\(runtime)\"\n", to: options)
                let child = try site.start(
                    "a", flags: ["--runtime-config-path", options], "sh", "-c", "echo up; sleep 1000")
                try child.expect("up\n")
                let kill = try site.client.run("tasks", "kill", "--signal", "SIGKILL", "a")
                #expect(kill.status == 0, "\(kill.errorText)")
                #expect(try child.wait().status == 137)
            }
        }

        @Test("the shim ends with its container and takes its socket with it", arguments: settings)
        func shimEnds(_ setting: Setting) throws {
            try setting.with { site in
                guard let containerd = site.containerd else { return }
                try site.detach("a", "sleep", "1000")
                let address = try Host.read(containerd.bundle(of: "a") + "/address")
                let socket = String(address.dropFirst("unix://".count))
                #expect(address.hasPrefix("unix:///"))
                #expect(Host.exists(socket))
                try site.client.must("tasks", "delete", "--force", "a")
                #expect(!Host.exists(socket))
                #expect(!Host.exists(containerd.bundle(of: "a")))
            }
        }

        @Test("an orderly end is told once, although containerd cleans up after every shim", arguments: settings)
        func toldOnce(_ setting: Setting) throws {
            try setting.with { site in
                let events = try site.client.events()
                #expect(try site.run("a", "sh", "-c", "exit 3").status == 3)
                // The clean-up comes when the connection has closed; by the end of a second life it has.
                #expect(try site.run("b", "true").status == 0)
                try events.expect("/tasks/delete {\"container_id\":\"b\"")
                let exits = events.text.split(separator: "\n").filter {
                    $0.contains("/tasks/exit") && $0.contains("\"container_id\":\"a\"")
                }
                #expect(exits.count == 1, "\(events.text)")
                #expect(exits.first?.contains("\"exit_status\":3") == true)
            }
        }

        @Test("a shim that is killed costs its container, and containerd notices", arguments: settings)
        func shimKilled(_ setting: Setting) throws {
            try setting.with { site in
                let events = try site.client.events()
                try site.detach("a", "sleep", "1000")
                let process = try site.client.task("a").processID
                let status = try Host.read("/proc/\(process)/status")
                let parent = status.split(separator: "\n").first { $0.hasPrefix("PPid:") }?.split(separator: "\t").last
                let shim = try #require(parent.flatMap { pid_t($0) })
                #expect(try Host.read("/proc/\(shim)/cmdline").contains("containerd-shim"))
                kill(shim, SIGKILL)
                try events.expect("/tasks/exit")
                try events.expect("/tasks/delete")
                try Host.awaitEnd(of: process)
                #expect(try site.client.tasks()["a"] == nil)
            }
        }
    }
}
