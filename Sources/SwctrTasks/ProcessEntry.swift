import SwctrCore

/// One process of a task, as its `TaskHandle` keeps it; never leaves that actor.
final class ProcessEntry {
    /// Nil for the task's first process.
    let execID: ExecID?
    let stdio: TaskStdio
    /// Delete it once it has ended: somebody waits in the foreground.
    let deleteOnExit: Bool
    var phase: TaskPhase
    /// How it ended; a failure where it will never have run.
    let ended = Latch<Result<ProcessExit, EngineError>>()
    /// What follows its exit where `deleteOnExit` is set, once it has begun.
    var aftermath: Task<Void, Never>?
    /// Whether a Wait for it is under way at the shim.
    var isWatched = false

    init(execID: ExecID?, stdio: TaskStdio, deleteOnExit: Bool = false, phase: TaskPhase = TaskPhase()) {
        self.execID = execID
        self.stdio = stdio
        self.deleteOnExit = deleteOnExit
        self.phase = phase
        if let exit = phase.exit { ended.set(.success(exit)) }
    }

    var subject: String { execID.map { "exec \"\($0)\"" } ?? "task" }
}
