/// One container of this shim.
final class Container {
    let id: Text
    let bundle: Text
    let options: RuntimeOptions
    let initProcess: TaskProcess
    var execs: [TaskProcess] = []
    var rootfs: Rootfs
    let hasPrivatePIDNamespace: Bool
    /// Where its resources are counted, as it was when it was made: a container may move its processes later.
    var cgroups = CgroupPath()
    /// From Create to the init's end; nil where memory is not counted.
    var oomWatch: OOMWatch?
    /// Set when Start makes the container from a checkpoint; until then it has no process.
    let checkpoint: RestoreArguments?

    /// The init process has ended; from here on no exec may start.
    var initHasExited = false
    /// The init's exit while it waits for the exits of the execs, which are reported first.
    var stashedExit: ExitStatus?
    /// For exits that come before its Create is over.
    var createTicket = 0
    /// What must end before the stashed exit may be published.
    var killAllIsRunning = false
    /// Published without waiting any longer: something of the above is stuck.
    var mayNotWait = false

    /// Kills that have not ended, and thaws, which come before or after one.
    var killsUnderWay = 0 {
        didSet {
            guard killsUnderWay == 0, let action = onKillsAnswered else { return }
            onKillsAnswered = nil
            action()
        }
    }
    /// Called once when the last of them has been; Delete waits for it.
    var onKillsAnswered: (() -> Void)?

    /// Called once when the exit has been published; Delete of a container that never ran waits for it.
    var onInitExit: (() -> Void)?

    private var isBusy = false
    private var queue: [() -> Void] = []

    init(
        id: Text, bundle: Text, options: RuntimeOptions, initProcess: TaskProcess, rootfs: Rootfs,
        hasPrivatePIDNamespace: Bool, checkpoint: RestoreArguments?
    ) {
        self.id = id
        self.bundle = bundle
        self.options = options
        self.initProcess = initProcess
        self.rootfs = rootfs
        self.hasPrivatePIDNamespace = hasPrivatePIDNamespace
        self.checkpoint = checkpoint
    }

    func exec(_ id: Text) -> TaskProcess? {
        execs.first { $0.execID == id }
    }

    /// Where the runtime writes a process's pid: `init.pid`, which `delete` reads, or a name that no exec id can turn
    /// into that one.
    func pidFile(of process: TaskProcess) -> Text {
        bundle.appending(component: process.isInit ? "init.pid" : "exec-\(process.execID).pid")
    }

    /// The process document of an exec while the runtime reads it.
    func specFile(of process: TaskProcess) -> Text {
        bundle.appending(component: "exec-\(process.execID).json")
    }

    /// Runs `operation` when those before it are over; it must end in `finishOperation`.
    ///
    /// Only what changes the container's own state queues here (start, pause, resume, delete). State, Wait, Pids, Kill
    /// and execs do not, so that a runtime that takes its time holds nobody else up.
    func enqueue(_ operation: @escaping () -> Void) {
        if isBusy {
            queue.append(operation)
        } else {
            isBusy = true
            operation()
        }
    }

    func finishOperation() {
        guard !queue.isEmpty else {
            isBusy = false
            queue = []
            return
        }
        queue.removeFirst()()
    }
}
