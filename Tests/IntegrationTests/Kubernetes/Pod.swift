import Foundation
import SwctrTestSupport

/// A sandbox that runs, and what is done with its containers.
struct Pod {
    let node: Node
    let id: String
    let configuration: [String: Any]
    let namespaces: [String: String]
    let logs: String

    /// CreateContainer and StartContainer of `sh -c script`.
    ///
    /// - Parameters:
    ///   - gate: a folder of the host that the container sees as /gate.
    ///   - interactive: has an input that Attach can write to.
    func container(
        _ name: String, _ script: String, memory: Int = 0, gate: String? = nil, interactive: Bool = false
    ) throws -> String {
        var container: [String: Any] = [
            "metadata": ["name": name], "image": ["image": Node.image], "command": ["sh", "-c", script],
            "log_path": "\(name).log", "stdin": interactive,
            "linux": [
                "resources": ["memory_limit_in_bytes": memory],
                "security_context": ["namespace_options": namespaces],
            ],
        ]
        if let gate { container["mounts"] = [["container_path": "/gate", "host_path": gate]] }
        let answer = try node.call(
            "CreateContainer", ["pod_sandbox_id": id, "config": container, "sandbox_config": configuration])
        let made = answer["container_id"].text
        try node.call("StartContainer", ["container_id": made])
        return made
    }

    /// ExecSync of `sh -c script`.
    func exec(_ container: String, _ script: String) throws -> (status: Int, output: String, errors: String) {
        let answer = try node.call(
            "ExecSync", ["container_id": container, "cmd": ["sh", "-c", script], "timeout": 20])
        return (answer["exit_code"].number, answer["stdout"].decoded, answer["stderr"].decoded)
    }

    func status(_ container: String) throws -> Answer {
        try node.call("ContainerStatus", ["container_id": container])["status"]
    }

    /// The status once it is as wanted. The CRI has no call that waits: a kubelet asks again and again as well.
    func status(
        _ container: String, within limit: Duration = .seconds(30), until isWanted: (Answer) -> Bool
    ) throws -> Answer {
        let deadline = ContinuousClock.now.advanced(by: limit)
        while true {
            let answer = try status(container)
            if isWanted(answer) { return answer }
            if ContinuousClock.now >= deadline {
                throw TestFailure("after \(limit) \(container) is \(answer["state"].text), \(answer["reason"].text)")
            }
        }
    }

    /// The status once the container has ended.
    func end(of container: String) throws -> Answer {
        try status(container) { $0["state"].text == "CONTAINER_EXITED" }
    }

    func stop(_ container: String, timeout: Int) throws {
        try node.call("StopContainer", ["container_id": container, "timeout": timeout])
    }

    /// Follows a container's log file, from its beginning.
    func follow(_ name: String) throws -> Child { try Child(["tail", "-n", "+1", "-F", "\(logs)/\(name).log"]) }

    /// Processes of a container, by its cgroup.
    func processes(_ container: String) -> [pid_t] {
        Host.members(ofCgroup: "/\(node.workspace.namespace)/\(container)")
    }

    /// StopPodSandbox and RemovePodSandbox.
    func remove() throws {
        try node.call("StopPodSandbox", ["pod_sandbox_id": id])
        try node.call("RemovePodSandbox", ["pod_sandbox_id": id])
    }
}
