/// The methods of `containerd.task.v2.Task` and `containerd.task.v3.Task`, which differ in their package name only.
enum TaskMethod: UInt8, CaseIterable {
    case state, create, start, delete, pids, pause, resume, checkpoint, kill, exec, resizePty, closeIO, update, wait
    case stats, connect, shutdown

    var name: Text {
        switch self {
        case .state: "State"
        case .create: "Create"
        case .start: "Start"
        case .delete: "Delete"
        case .pids: "Pids"
        case .pause: "Pause"
        case .resume: "Resume"
        case .checkpoint: "Checkpoint"
        case .kill: "Kill"
        case .exec: "Exec"
        case .resizePty: "ResizePty"
        case .closeIO: "CloseIO"
        case .update: "Update"
        case .wait: "Wait"
        case .stats: "Stats"
        case .connect: "Connect"
        case .shutdown: "Shutdown"
        }
    }

    /// Finds what a request names, or the error that the Go server gives for it.
    static func resolve(service: Text, method: Text) -> Result<TaskMethod, RPCError> {
        guard service == "containerd.task.v2.Task" || service == "containerd.task.v3.Task" else {
            return .failure(RPCError(.unimplemented, "service \(service)"))
        }
        for candidate in allCases where candidate.name == method { return .success(candidate) }
        return .failure(RPCError(.unimplemented, "method \(method)"))
    }
}
