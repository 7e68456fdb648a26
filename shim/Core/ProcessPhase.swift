/// Where a container's init process or an exec stands.
///
/// The phases in brackets are those of a call in progress: State answers with them while the OCI runtime still works.
enum ProcessPhase: UInt8, CaseIterable {
    case created
    /// [created] `start` runs.
    case starting
    case running
    /// [running] `pause` runs.
    case pausing
    case paused
    case stopped
    case deleted

    /// For the log.
    var name: Text {
        switch self {
        case .created: "created"
        case .starting: "starting"
        case .running: "running"
        case .pausing: "pausing"
        case .paused: "paused"
        case .stopped: "stopped"
        case .deleted: "deleted"
        }
    }

    /// Value of `containerd.task.v2.Status`.
    var wireStatus: UInt32 {
        switch self {
        case .created, .starting: 1
        case .running: 2
        case .stopped, .deleted: 3
        case .paused: 4
        case .pausing: 5
        }
    }
}

/// What a caller may ask of a process; each phase allows some of them.
enum ProcessAction: UInt8, CaseIterable {
    case start, delete, pause, resume, exec, update, checkpoint
}

extension ProcessPhase {
    /// Nil if the action may go on, else containerd's words for the refusal (code 2, as a plain Go error has).
    func refusal(of action: ProcessAction) -> RPCError? {
        let text: Text? =
            switch (action, self) {
            case (.start, .created): nil
            case (.start, .starting), (.start, .running), (.start, .pausing): "cannot start a running process"
            case (.start, .paused): "cannot start a paused process"
            case (.start, .stopped): "cannot start a stopped process"
            case (.start, .deleted): "cannot start a deleted process"

            case (.delete, .created), (.delete, .stopped): nil
            case (.delete, .starting), (.delete, .running), (.delete, .pausing): "cannot delete a running process"
            case (.delete, .paused): "cannot delete a paused process"
            case (.delete, .deleted): "cannot delete a deleted process"

            case (.pause, .running): nil
            case (.pause, .created), (.pause, .starting): "cannot pause task in created state"
            case (.pause, .pausing), (.pause, .paused): "cannot pause a paused container"
            case (.pause, .stopped): "cannot pause a stopped container"
            case (.pause, .deleted): "cannot pause a deleted container"

            case (.resume, .paused): nil
            case (.resume, .created), (.resume, .starting): "cannot resume task in created state"
            case (.resume, .running), (.resume, .pausing): "cannot resume a running process"
            case (.resume, .stopped): "cannot resume a stopped container"
            case (.resume, .deleted): "cannot resume a deleted container"

            case (.exec, .created), (.exec, .starting), (.exec, .running): nil
            case (.exec, .pausing), (.exec, .paused): "cannot exec in a paused state"
            case (.exec, .stopped): "cannot exec in a stopped state"
            case (.exec, .deleted): "cannot exec in a deleted state"

            case (.update, .stopped): "cannot update a stopped container"
            case (.update, .deleted): "cannot update a deleted process"
            case (.update, _): nil

            case (.checkpoint, .created), (.checkpoint, .starting): "cannot checkpoint a task in created state"
            case (.checkpoint, .stopped): "cannot checkpoint a stopped container"
            case (.checkpoint, .deleted): "cannot checkpoint a deleted container"
            case (.checkpoint, _): nil
            }
        return text.map { RPCError(.unknown, $0) }
    }
}
