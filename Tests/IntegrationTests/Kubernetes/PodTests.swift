import Foundation
import SwctrTestSupport
import Testing

extension Integration {
    /// What a kubelet does with a pod, said to containerd's CRI plug-in; the same with containerd's own shim.
    @Suite("Pods of Kubernetes")
    struct PodTests {
        @Test("two containers of a pod live and end in one shim", arguments: Node.Kind.allCases)
        func life(_ kind: Node.Kind) throws {
            try Node.with(kind) { node in
                let conditions = try node.call("Status")["status"]["conditions"].list
                #expect(conditions.map { $0["type"].text } == ["RuntimeReady", "NetworkReady"])
                #expect(conditions.allSatisfy { $0["status"].flag })

                let pod = try node.pod()
                let web = try pod.container(
                    "web",
                    """
                    mkdir /www; echo page >/www/index.html; httpd -h /www -p 8080
                    trap 'echo leaving; exit 7' TERM; echo up; echo bad >&2; while :; do sleep 0.05; done
                    """)
                let job = try pod.container("job", "trap '' TERM; echo stubborn; while :; do sleep 1; done")
                #expect(node.shims.count == 1, "one shim serves the sandbox and both containers")
                let shim = try #require(node.shims.first)
                let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(shim)/exe")
                #expect(program.hasSuffix("/containerd-shim-swctr-v2") == (kind != .stock))
                let runtime = try Host.read(node.bundle(of: pod.id) + "/runtime")
                #expect(runtime == (kind == .configured ? "crun" : ""))

                let log = try pod.follow("web")
                try log.expect(" stdout F up\n")
                // Followed from the beginning once more: the two streams are written in any order.
                try pod.follow("web").expect(" stderr F bad\n")
                #expect(try pod.status(web)["state"].text == "CONTAINER_RUNNING")

                let answer = try pod.exec(web, "echo out; echo err >&2; hostname; exit 5")
                #expect(answer.status == 5)
                #expect(answer.output == "out\npod1\n")
                #expect(answer.errors == "err\n")
                #expect(try node.refusal("ExecSync", ["container_id": web, "cmd": ["/no/such"]]).contains("/no/such"))

                // One network: the neighbour over the loopback, the host over the pod's address.
                #expect(try pod.exec(job, "wget -q -O - http://127.0.0.1:8080/").output == "page\n")
                let address = try node.call("PodSandboxStatus", ["pod_sandbox_id": pod.id])["status"]["network"]["ip"]
                    .text
                #expect(try must(["busybox", "wget", "-q", "-O", "-", "http://\(address):8080/"]).text == "page\n")

                try pod.stop(web, timeout: 20)
                try log.expect(" stdout F leaving\n")
                let ended = try pod.status(web)
                #expect(ended["state"].text == "CONTAINER_EXITED")
                #expect(ended["exit_code"].number == 7)
                #expect(ended["reason"].text == "Error")
                #expect(ended["finished_at"].number > ended["started_at"].number)

                try pod.stop(job, timeout: 1)
                #expect(try pod.status(job)["exit_code"].number == 137)
                let done = try pod.container("done", "exit 0")
                #expect(try pod.end(of: done)["reason"].text == "Completed")
                #expect(node.shims == [shim])

                for container in [web, job, done] { try node.call("RemoveContainer", ["container_id": container]) }
                #expect(try node.call("ListContainers")["containers"].list.isEmpty)
                #expect(try node.refusal("ContainerStatus", ["container_id": web]).contains("not found"))
                try pod.remove()
                try Host.awaitEnd(of: shim)
                #expect(try node.call("ListPodSandbox")["items"].list.isEmpty)
            }
        }

        @Test("the example's RuntimeClass names a handler of the example's configuration")
        func runtimeClass() throws {
            let examples = "\(Build.repository)/examples/kubernetes"
            let handler = try Host.read("\(examples)/runtime-class.yaml").split(separator: "\n")
                .first { $0.hasPrefix("handler: ") }?.dropFirst("handler: ".count)
            #expect(handler == Node.Kind.own.handler[...])
            let configuration = try Host.read("\(examples)/containerd.toml")
            for kind in Node.Kind.allCases {
                #expect(configuration.contains("containerd.runtimes.\(kind.handler)]\n"))
            }
        }

        @Test("figures of a container are there, and its limits can be changed", arguments: Node.Kind.both)
        func resources(_ kind: Node.Kind) throws {
            try Node.with(kind) { node in
                let pod = try node.pod()
                let first = try pod.container(
                    "first", "x=$(head -c 8000000 /dev/zero | tr '\\0' x); sleep 1000", memory: 64 << 20)
                let second = try pod.container("second", "sleep 1000")
                let memory = "cat /sys/fs/cgroup/memory/memory.limit_in_bytes || cat /sys/fs/cgroup/memory.max"
                #expect(try pod.exec(first, memory).output == "\(64 << 20)\n")

                let stats = try node.call("ContainerStats", ["container_id": first])["stats"]
                #expect(stats["attributes"]["id"].text == first)
                #expect(stats["attributes"]["metadata"]["name"].text == "first")
                #expect(stats["cpu"]["usage_core_nano_seconds"]["value"].number > 0)
                #expect((1...(64 << 20)).contains(stats["memory"]["working_set_bytes"]["value"].number))
                let all = try node.call("ListContainerStats", ["filter": ["pod_sandbox_id": pod.id]])["stats"].list
                #expect(Set(all.map { $0["attributes"]["id"].text }) == [first, second])

                try node.call(
                    "UpdateContainerResources",
                    ["container_id": first, "linux": ["memory_limit_in_bytes": 96 << 20, "cpu_shares": 512]])
                #expect(try pod.exec(first, memory).output == "\(96 << 20)\n")
            }
        }

        @Test(
            "a container above its memory limit is OOMKilled, and its neighbour is not", arguments: Node.Kind.both)
        func outOfMemory(_ kind: Node.Kind) throws {
            try Node.with(kind) { node in
                let pod = try node.pod()
                let neighbour = try pod.container("neighbour", "sleep 1000")
                let greedy = try pod.container("greedy", "tail /dev/zero", memory: 16 << 20)
                // The kernel's word and the process's end are two events; both have come when both are seen.
                let status = try pod.status(greedy, within: .seconds(15)) {
                    $0["state"].text == "CONTAINER_EXITED" && $0["reason"].text == "OOMKilled"
                }
                #expect(status["exit_code"].number == 137)
                #expect(try pod.status(neighbour)["state"].text == "CONTAINER_RUNNING")
            }
        }

        @Test("exec and attach stream, with and without a terminal", arguments: Node.Kind.both)
        func streams(_ kind: Node.Kind) throws {
            try Node.with(kind) { node in
                let pod = try node.pod()
                let echo = try pod.container(
                    "echo", "while read -r line; do echo \"got $line\"; done", interactive: true)

                func exec(_ script: String, terminal: Bool) throws -> Child {
                    let request: [String: Any] = [
                        "container_id": echo, "cmd": ["sh", "-c", script], "tty": terminal, "stdin": true,
                        "stdout": true,
                        "stderr": !terminal,
                    ]
                    return try node.stream(try node.call("Exec", request))
                }
                let plain = try exec(
                    "read -r line; echo \"out $line\"; echo \"err $line\" >&2; exit 4", terminal: false)
                plain.send("one\n")
                let outcome = try plain.wait()
                #expect(outcome.status == 4)
                #expect(outcome.text == "out one\n")
                #expect(outcome.errorText == "err one\n")

                let shell = try exec("test -t 0 && echo terminal; read -r line; echo \"out $line\"", terminal: true)
                try shell.expect("terminal\r\n")
                shell.send("two\n")
                try shell.expect("out two\r\n")
                #expect(try shell.wait().status == 0)

                let request: [String: Any] = ["container_id": echo, "stdin": true, "stdout": true, "stderr": true]
                let attached = try node.stream(try node.call("Attach", request))
                attached.send("three\n")
                try attached.expect("got three\n")
                // What is attached to also goes to the log; a client that leaves takes nothing along.
                attached.signal(SIGKILL)
                _ = try attached.wait()
                try pod.follow("echo").expect(" stdout F got three\n")
                let again = try node.stream(try node.call("Attach", request))
                again.send("four\n")
                try again.expect("got four\n")
            }
        }
    }
}
