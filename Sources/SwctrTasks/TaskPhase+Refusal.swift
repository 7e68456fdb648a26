import SwctrCore

extension TaskPhase {
    /// A request that the state of the process does not allow.
    struct Refusal: Error, Hashable, Sendable {
        enum Action: Hashable, Sendable, CaseIterable {
            case start, pause, resume, delete
        }

        var action: Action
        var state: State

        /// The refusal in containerd's words where it has some, with the way out.
        ///
        /// - Parameters:
        ///   - subject: "task web" or "exec shell".
        ///   - id: the container's, for the hint.
        ///   - isExec: whether it is one more process and not the task's first.
        func error(subject: String, id: String, isExec: Bool) -> EngineError {
            if state == .deleted || state == .creating && isExec {
                return EngineError(.notFound, subject: subject, message: "not found")
            }
            return EngineError(.failedPrecondition, subject: subject, message: message(isExec), hint: hint(id, isExec))
        }

        private func message(_ isExec: Bool) -> String {
            let noun = isExec ? "process" : "task"
            if state == .creating { return "\(noun) is still being created" }
            if state == .deleting { return "\(noun) is being deleted" }
            switch action {
            case .delete: return "\(noun) must be stopped before deletion: \(state.word)"
            case .start where state == .starting: return "\(noun) is already being started"
            case .start: return "cannot start a \(state.word) process"
            case .pause where state == .created: return "cannot pause task in created state"
            case .pause where state == .paused || state == .pausing: return "task is already \(state.word)"
            case .pause: return "cannot pause a \(state.word) \(noun)"
            case .resume where state == .running: return "cannot resume a running process"
            case .resume where state == .created: return "cannot resume task in created state"
            case .resume: return "cannot resume a \(state.word) \(noun)"
            }
        }

        private func hint(_ id: String, _ isExec: Bool) -> String {
            switch (action, state) {
            case (_, .creating), (_, .deleting), (_, .deleted): ""
            case (.delete, _) where isExec: "use swctr tasks kill --exec-id first"
            case (.delete, _): "use --force, or swctr tasks kill \(id)"
            case (.start, .stopped): "delete the task first: swctr tasks delete \(id)"
            case (.start, .paused), (.start, .pausing): "use swctr tasks resume \(id)"
            case (.pause, .created): "start it first: swctr tasks start \(id)"
            default: ""
            }
        }
    }
}

extension TaskPhase.State {
    /// As users see it.
    var word: String {
        switch self {
        case .creating: "creating"
        case .created: "created"
        case .starting, .running: "running"
        case .pausing: "pausing"
        case .paused, .resuming: "paused"
        case .stopped: "stopped"
        case .deleting, .deleted: "deleted"
        }
    }
}
