import Foundation
import SwctrTestSupport
import Testing

/// What a kubelet has on its host: a containerd with the CRI plug-in, an image, a network for pods, and the CRI's socket.
final class Node {
    /// Which shim the pods get, and by which handler of examples/kubernetes/containerd.toml.
    enum Kind: String, CaseIterable, CustomTestStringConvertible {
        case own = "our shim as io.containerd.swctr.v2"
        case configured = "our shim with a file of options"
        case inPlace = "our shim in the place of containerd-shim-runc-v2"
        case stock = "containerd-shim-runc-v2"

        var testDescription: String { rawValue }
        var handler: String {
            switch self {
            case .own: "swctr"
            case .configured: "swctr-crun"
            case .inPlace, .stock: "runc"
            }
        }

        /// For what does not depend on how the shim was chosen: ours, and the one that shows that the test is right.
        static let both = [own, stock]
    }

    static let image = "localhost/pause:1"

    let kind: Kind
    let workspace: Workspace
    let containerd: Containerd
    private let client: [String: String]
    private var pods = 0

    /// Runs `body` with a node of its own, and takes down its pods when that is over, however it ends.
    static func with(_ kind: Kind, _ body: (Node) throws -> Void) throws {
        try Workspace.with { workspace in
            let node = try Node(kind, in: workspace)
            do { try body(node) } catch {
                try? node.takeDown()
                throw error
            }
            try node.takeDown()
        }
    }

    private init(_ kind: Kind, in workspace: Workspace) throws {
        self.kind = kind
        self.workspace = workspace
        // The sandbox runs the image's command; containers bring their own.
        let archive = workspace.file("image.tar")
        try must(
            [
                "\(Build.repository)/examples/busybox-image.sh", archive, Self.image, try Host.locate("busybox"),
                "sleep", "1000000",
            ])
        try must(
            [
                "protoc", "--python_out=\(workspace.path)", "-I\(Build.repository)/Tests/Support/cri", "runtime.proto",
            ])
        var environment = Child.environment
        environment["PYTHONPATH"] = workspace.path
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
        client = environment

        var folders = [Build.shimFolder]
        if kind == .inPlace {
            folders = [workspace.file("bin")]
            try Host.makeFolder(folders[0])
            try FileManager.default.createSymbolicLink(
                atPath: "\(folders[0])/containerd-shim-runc-v2", withDestinationPath: Build.shim)
        }
        let configuration = try Self.configuration(in: workspace)
        containerd = try Containerd(in: workspace, shimFolders: folders, cri: configuration)
        // The plug-in learns of images when it starts, and some time after they were imported.
        let ctr = Client(
            program: "ctr", address: containerd.client.address, namespace: "k8s.io",
            environment: containerd.client.environment)
        try ctr.must("images", "import", archive)
        try containerd.daemon.stop()
        try containerd.daemon.start()
    }

    /// The CRI plug-in's configuration: what a test needs, and the handlers of the example.
    private static func configuration(in workspace: Workspace) throws -> String {
        let examples = "\(Build.repository)/examples/kubernetes"
        let handlers = try Host.read("\(examples)/containerd.toml")
        try Host.makeFolder(workspace.file("cni"))
        // A pair of interfaces per pod and nothing else on the host; the kernel removes it with the pod's namespace.
        try Host.write(
            """
            {"cniVersion": "0.4.0", "name": "\(workspace.namespace)", "plugins": [{"type": "ptp", "ipam": {
              "type": "host-local", "subnet": "10.213.\(UInt8.random(in: 0...(.max))).0/24",
              "dataDir": "\(workspace.file("addresses"))"}}]}
            """, to: workspace.file("cni/10-pods.conflist"))
        return """
            [plugins."io.containerd.grpc.v1.cri"]
              sandbox_image = "\(image)"
              netns_mounts_under_state_dir = true
              restrict_oom_score_adj = true
            [plugins."io.containerd.grpc.v1.cri".cni]
              bin_dir = "/usr/lib/cni"
              conf_dir = "\(workspace.file("cni"))"
            \(handlers.replacing("/etc/containerd", with: examples))
            """
    }

    /// One call of the CRI's RuntimeService.
    @discardableResult
    func call(_ method: String, _ request: [String: Any] = [:], within limit: Duration = .seconds(60)) throws -> Answer
    {
        let outcome = try must(command(method, request), environment: client, within: limit)
        return Answer(try JSONSerialization.jsonObject(with: Data(outcome.output)))
    }

    /// A call that must be refused; what it says.
    func refusal(_ method: String, _ request: [String: Any]) throws -> String {
        let outcome = try run(command(method, request), environment: client, within: .seconds(60))
        if outcome.status == 0 { throw TestFailure("\(method) was answered: \(outcome.text)") }
        return outcome.errorText
    }

    /// Starts a call and leaves it running.
    func start(_ method: String, _ request: [String: Any]) throws -> Child {
        try Child(command(method, request), environment: client)
    }

    /// What Exec and Attach answered, as a program.
    func stream(_ answer: Answer) throws -> Child {
        try Child(["/usr/bin/python3", Self.script, "stream", answer["url"].text], environment: client, input: .open)
    }

    private static let script = "\(Build.repository)/Tests/Support/cri/cri.py"

    private func command(_ method: String, _ request: [String: Any]) throws -> [String] {
        let text = String(decoding: try JSONSerialization.data(withJSONObject: request), as: UTF8.self)
        // Debian's python3, for which Debian's grpc is.
        return ["/usr/bin/python3", Self.script, "call", containerd.client.address, method, text]
    }

    /// The serving shims of this node.
    var shims: [pid_t] { Host.shims(under: workspace.path) }

    /// Where containerd keeps what belongs to a container or sandbox.
    func bundle(of id: String) -> String { "\(containerd.state)/io.containerd.runtime.v2.task/k8s.io/\(id)" }

    /// RunPodSandbox.
    ///
    /// - Parameter sharesProcesses: one pid namespace for all of the pod.
    func pod(sharesProcesses: Bool = false) throws -> Pod {
        pods += 1
        let logs = workspace.file("logs\(pods)")
        try Host.makeFolder(logs)
        let namespaces = ["pid": sharesProcesses ? "POD" : "CONTAINER"]
        let configuration: [String: Any] = [
            "metadata": ["name": "pod\(pods)", "uid": "uid\(pods)", "namespace": "default"],
            "hostname": "pod\(pods)", "log_directory": logs,
            "linux": [
                "cgroup_parent": "/\(workspace.namespace)",
                "security_context": ["namespace_options": namespaces],
            ],
        ]
        let answer = try call("RunPodSandbox", ["config": configuration, "runtime_handler": kind.handler])
        return Pod(
            node: self, id: answer["pod_sandbox_id"].text, configuration: configuration, namespaces: namespaces,
            logs: logs)
    }

    private func takeDown() throws {
        if containerd.daemon.processID == 0 { try containerd.daemon.start() }
        for sandbox in try call("ListPodSandbox")["items"].list {
            try call("StopPodSandbox", ["pod_sandbox_id": sandbox["id"].text])
            try call("RemovePodSandbox", ["pod_sandbox_id": sandbox["id"].text])
        }
        try containerd.daemon.stop()
        // Where runtimes keep the plug-in's containers; it stays if another containerd has some there.
        rmdir("/run/containerd/runc/k8s.io")
    }
}

/// Somewhere in the JSON of an answer; what is not there is empty.
struct Answer {
    private let value: Any?
    init(_ value: Any?) { self.value = value }

    subscript(_ name: String) -> Answer { Answer((value as? [String: Any])?[name]) }
    var list: [Answer] { ((value as? [Any]) ?? []).map(Answer.init) }
    var text: String { value as? String ?? "" }
    /// A number; those of 64 bits travel as text.
    var number: Int { (value as? Int) ?? Int(text) ?? 0 }
    var flag: Bool { value as? Bool ?? false }
    /// Bytes, which travel as base64.
    var decoded: String { String(decoding: Data(base64Encoded: text) ?? Data(), as: UTF8.self) }
}
