import SwctrCore

/// Where one process of a task, its first or a further one, is in its life; and what may happen to it there.
///
/// A plain value: no clock, no I/O. Whoever holds it asks before a call to the shim (`…Requested`), tells how the call
/// went, and tells exits as they come in, from whichever source and in whichever order.
struct TaskPhase: Hashable, Sendable {
    enum State: Hashable, Sendable, CaseIterable {
        /// The shim is being launched, or its Create (for an exec: its Exec) is under way.
        case creating
        case created
        /// Start is under way.
        case starting
        case running
        case pausing, paused, resuming
        case stopped
        /// Delete is under way.
        case deleting
        case deleted
    }

    enum Event: Hashable, Sendable {
        case created(pid: UInt32)
        case createFailed
        case startRequested
        case started(pid: UInt32)
        case startFailed
        case pauseRequested, paused, pauseFailed
        case resumeRequested, resumed, resumeFailed
        /// - pid: nil where the source does not name one: an answer to Wait is about this very process.
        case exited(pid: UInt32?, ProcessExit)
        case deleteRequested
        case deleteFailed
        case deleted
    }

    /// What the holder has to do about an accepted event.
    enum Effect: Hashable, Sendable {
        case none
        /// The process has ended and nobody was told yet: record it, then tell.
        case exited(ProcessExit)
    }

    private(set) var state = State.creating
    /// 0 until the shim has told it.
    private(set) var pid: UInt32 = 0
    private(set) var exit: ProcessExit?
    /// An exit that came before the answer of the call that makes the process known. Nobody is told of the end before
    /// they were told of the beginning.
    private var held: HeldExit?
    /// Where a deletion that fails goes back to.
    private var beforeDeletion = State.created

    private struct HeldExit: Hashable, Sendable {
        var pid: UInt32?
        var exit: ProcessExit
    }

    init() {}

    /// A phase as it was recorded, or as the shim now describes it.
    init(restoring state: State, pid: UInt32, exit: ProcessExit?) {
        self.state = state
        self.pid = pid
        self.exit = exit
    }

    /// Whether the process may be doing something.
    var isAlive: Bool {
        switch state {
        case .starting, .running, .pausing, .paused, .resuming: true
        case .creating, .created, .stopped, .deleting, .deleted: false
        }
    }

    /// Applies one event.
    ///
    /// - Throws: `Refusal` for a request that the state does not allow. News (exits, answers to calls) are never
    ///   refused: what comes late changes nothing.
    mutating func apply(_ event: Event) throws(Refusal) -> Effect {
        switch event {
        case .exited(let pid, let exit): return exited(pid, exit)
        case .created(let pid): return known(pid, from: .creating, to: .created)
        case .started(let pid): return known(pid, from: .starting, to: .running)
        case .startFailed: return known(pid, from: .starting, to: .created)
        case .createFailed: move(from: .creating, to: .deleted)
        case .paused: move(from: .pausing, to: .paused)
        case .pauseFailed: move(from: .pausing, to: .running)
        case .resumed: move(from: .resuming, to: .running)
        case .resumeFailed: move(from: .resuming, to: .paused)
        case .deleteFailed: move(from: .deleting, to: exit == nil ? beforeDeletion : .stopped)
        case .deleted: state = .deleted
        case .startRequested: try request(.start, from: [.created], to: .starting)
        case .pauseRequested: try request(.pause, from: [.running], to: .pausing)
        case .resumeRequested: try request(.resume, from: [.paused], to: .resuming)
        case .deleteRequested:
            let former = state
            try request(.delete, from: [.created, .stopped], to: .deleting)
            beforeDeletion = former
        }
        return .none
    }

    private mutating func move(from: State, to next: State) {
        if state == from { state = next }
    }

    private mutating func request(_ action: Refusal.Action, from: Set<State>, to next: State) throws(Refusal) {
        guard from.contains(state) else { throw Refusal(action: action, state: state) }
        state = next
    }

    /// The shim has answered, so the pid is known; what was held back until then takes effect.
    private mutating func known(_ pid: UInt32, from: State, to next: State) -> Effect {
        guard state == from else { return .none }
        state = next
        if pid != 0 { self.pid = pid }
        guard let held = held.take() else { return .none }
        return exited(held.pid, held.exit)
    }

    private mutating func exited(_ pid: UInt32?, _ exit: ProcessExit) -> Effect {
        // Told already, or of an earlier process that had the same name: shims repeat events that went unanswered.
        if self.exit != nil { return .none }
        if let pid, pid != 0, self.pid != 0, pid != self.pid { return .none }
        switch state {
        case .creating, .starting:
            held = HeldExit(pid: pid, exit: exit)
            return .none
        case .deleted:
            return .none
        case .deleting:
            self.exit = exit
            return .exited(exit)
        case .created, .running, .pausing, .paused, .resuming, .stopped:
            state = .stopped
            self.exit = exit
            return .exited(exit)
        }
    }
}
