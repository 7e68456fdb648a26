import Foundation
import SwctrTestSupport
import Testing

extension Integration {
    /// What goes wrong on a node, and what a kubelet sees of it.
    @Suite("Pods of Kubernetes in bad times")
    struct PodFaultTests {
        @Test(
            "in a shared pid namespace the end of a container ends what it left running", arguments: Node.Kind.both)
        func sharedProcesses(_ kind: Node.Kind) throws {
            try Node.with(kind) { node in
                let pod = try node.pod(sharesProcesses: true)
                let neighbour = try pod.container("neighbour", "exec sleep 777")
                let parent = try pod.container(
                    "parent", "trap 'exit 3' TERM; sleep 888 & echo up; while :; do sleep 0.05; done")
                try pod.follow("parent").expect(" stdout F up\n")
                let seen = try pod.exec(neighbour, "ps").output
                #expect(seen.contains("sleep 888"), "containers of the pod see each other's processes")
                let processes = pod.processes(parent)
                #expect(processes.count >= 2)
                try pod.stop(parent, timeout: 20)
                #expect(try pod.status(parent)["exit_code"].number == 3)
                for process in processes { try Host.awaitEnd(of: process) }
                #expect(try pod.status(neighbour)["state"].text == "CONTAINER_RUNNING")
            }
        }

        @Test(
            "a container ends in time and with its status while probes run in it all the time",
            arguments: Node.Kind.both)
        func probes(_ kind: Node.Kind) throws {
            try Node.with(kind) { node in
                let gate = node.workspace.file("gate")
                try Host.makeFolder(gate)
                let pod = try node.pod()
                let probed = try pod.container(
                    "probed", "while [ ! -e /gate/open ]; do sleep 0.02; done; exit 17", gate: gate)
                let probe: [String: Any] = ["container_id": probed, "cmd": ["sleep", "0.3"], "timeout": 20]
                var running = try (0..<4).map { _ in try node.start("ExecSync", probe) }
                for _ in 0..<3 {
                    let first = running.removeFirst()
                    #expect(try first.wait().status == 0)
                    running.append(try node.start("ExecSync", probe))
                }
                try Host.write("", to: gate + "/open")
                running.append(try node.start("ExecSync", probe))
                let status = try pod.end(of: probed)
                #expect(status["exit_code"].number == 17)
                // Whatever became of the probes, each was answered.
                for probe in running { _ = try probe.wait() }
                #expect(try node.refusal("ExecSync", probe).contains("CONTAINER_EXITED"))
            }
        }

        @Test("a shim that is killed costs its pod, and the kubelet is told", arguments: Node.Kind.both)
        func shimKilled(_ kind: Node.Kind) throws {
            try Node.with(kind) { node in
                let pod = try node.pod()
                let container = try pod.container("a", "sleep 1000")
                let processes = pod.processes(container) + pod.processes(pod.id)
                #expect(processes.count == 2)
                kill(try #require(node.shims.first), SIGKILL)
                let status = try pod.end(of: container)
                #expect(status["exit_code"].number != 0)
                for process in processes { try Host.awaitEnd(of: process) }
                let deadline = ContinuousClock.now.advanced(by: .seconds(20))
                var state = ""
                repeat {
                    state = try node.call("PodSandboxStatus", ["pod_sandbox_id": pod.id])["status"]["state"].text
                } while state != "SANDBOX_NOTREADY" && ContinuousClock.now < deadline
                #expect(state == "SANDBOX_NOTREADY")
                try pod.remove()

                let next = try node.pod()
                let healthy = try next.container("b", "exit 6")
                #expect(try next.end(of: healthy)["exit_code"].number == 6, "the node goes on")
            }
        }

        enum Ending: String, CaseIterable { case stopped, killed }

        @Test(
            "a pod outlives containerd: its containers, their logs, and an end that nobody saw",
            arguments: Node.Kind.both,
            Ending.allCases)
        func containerdRestarts(_ kind: Node.Kind, _ ending: Ending) throws {
            try Node.with(kind) { node in
                let gate = node.workspace.file("gate")
                try Host.makeFolder(gate)
                let pod = try node.pod()
                let steady = try pod.container(
                    "steady",
                    "trap 'exit 8' TERM; while :; do if [ -e /gate/mark ]; then echo marked; fi; sleep 0.05; done",
                    gate: gate)
                let leaver = try pod.container(
                    "leaver", "while [ ! -e /gate/open ]; do sleep 0.02; done; exit 9", gate: gate)
                let shims = node.shims
                let leaving = pod.processes(leaver)
                switch ending {
                case .stopped: try node.containerd.daemon.stop()
                case .killed: try node.containerd.daemon.kill()
                }
                try Host.write("", to: gate + "/open")
                for process in leaving { try Host.awaitEnd(of: process) }
                try node.containerd.daemon.start()

                #expect(try pod.end(of: leaver)["exit_code"].number == 9)
                #expect(try pod.status(steady)["state"].text == "CONTAINER_RUNNING")
                #expect(node.shims == shims)
                #expect(try pod.exec(steady, "exit 21").status == 21)
                try Host.write("", to: gate + "/mark")
                try pod.follow("steady").expect(" stdout F marked\n")
                try pod.stop(steady, timeout: 20)
                #expect(try pod.status(steady)["exit_code"].number == 8)
                try pod.remove()
                for shim in shims { try Host.awaitEnd(of: shim) }
            }
        }
    }
}
