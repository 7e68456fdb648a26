import Foundation

/// A manager of one test, with its own root and state, as it was built.
public final class Manager {
    public let daemon: Daemon
    public let client: Client
    public let root: String
    public let state: String
    public var socket: String { "\(state)/swctrd.sock" }

    /// - Parameters:
    ///   - arguments: beside root, state and address.
    ///   - shimFolders: searched for shims before PATH.
    ///   - stateFolder: its name in the workspace.
    public init(
        in workspace: Workspace, arguments: [String] = [], shimFolders: [String] = [], stateFolder: String = "state"
    ) throws {
        root = workspace.file("root")
        state = workspace.file(stateFolder)
        var environment = Child.environment
        environment["PATH"] =
            ([Build.programs, Build.shimFolder] + shimFolders + [environment["PATH"] ?? ""]).joined(separator: ":")
        daemon = try Daemon(
            "swctrd", ["swctrd", "--root", root, "--state", state] + arguments, environment: environment, in: workspace)
        client = Client(
            program: "swctr", address: "\(state)/swctrd.sock", namespace: workspace.namespace, environment: environment)
        try daemon.start()
    }

    /// Where the manager keeps what belongs to a task.
    public func bundle(of id: String) -> String { "\(state)/tasks/\(client.namespace)/\(id)" }
}
