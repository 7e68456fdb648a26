import Foundation

/// A containerd of one test, with its own root, state and socket, as Debian ships it.
public final class Containerd {
    public let daemon: Daemon
    public let client: Client
    public let state: String

    /// - Parameters:
    ///   - shimFolders: searched for shims before PATH.
    ///   - cri: configuration of the CRI plug-in, which is left out without it.
    public init(in workspace: Workspace, shimFolders: [String] = [], cri: String? = nil) throws {
        let socket = workspace.file("containerd.sock")
        let configuration = workspace.file("containerd.toml")
        state = workspace.file("cstate")
        var unused = [
            "internal.v1.opt", "snapshotter.v1.aufs", "snapshotter.v1.btrfs",
            "snapshotter.v1.devmapper", "snapshotter.v1.zfs", "snapshotter.v1.native", "internal.v1.tracing",
        ]
        if cri == nil { unused.append("grpc.v1.cri") }
        try Host.write(
            """
            version = 2
            root = "\(workspace.file("croot"))"
            state = "\(state)"
            disabled_plugins = [\(unused.map { "\"io.containerd.\($0)\"" }.joined(separator: ", "))]
            [grpc]
              address = "\(socket)"
            \(cri ?? "")
            """, to: configuration)
        var environment = Child.environment
        environment["PATH"] = (shimFolders + [environment["PATH"] ?? ""]).joined(separator: ":")
        daemon = try Daemon(
            "containerd", ["containerd", "--config", configuration], environment: environment, in: workspace)
        client = Client(program: "ctr", address: socket, namespace: workspace.namespace, environment: environment)
        try daemon.start()
    }

    /// Where containerd keeps what belongs to a task.
    public func bundle(of id: String) -> String { "\(state)/io.containerd.runtime.v2.task/\(client.namespace)/\(id)" }
}
