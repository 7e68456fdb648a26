/// One process of a container: its init, or an exec.
final class TaskProcess {
    /// Empty for the init process.
    let execID: Text
    let stdinPath: Text
    let stdoutPath: Text
    let stderrPath: Text
    let isTerminal: Bool
    /// The exec's process document; given up once the runtime has read it.
    var spec: Text = ""

    var phase = ProcessPhase.created
    /// 0 until the runtime has told us.
    var pid: Int32 = 0
    /// Set when the exit has been published.
    var exit: ExitStatus?
    /// An exit that came before Start's answer; reported right after it.
    var heldExit: ExitStatus?
    /// An exec whose start failed never runs: waiting for it ends at once.
    var hasFailedToStart = false
    var stdio: Stdio?
    private var waiters: [Waiter] = []

    private struct Waiter {
        var call: Call
        var deadline: Timer?
    }

    init(execID: Text, stdin: Text, stdout: Text, stderr: Text, isTerminal: Bool) {
        self.execID = execID
        stdinPath = stdin
        stdoutPath = stdout
        stderrPath = stderr
        self.isTerminal = isTerminal
    }

    /// Where its streams go, or what is wrong with that.
    var addresses: Result<StdioAddresses, RPCError> {
        StdioAddresses.parse(stdin: stdinPath, stdout: stdoutPath, stderr: stderrPath, isTerminal: isTerminal)
    }

    var isInit: Bool { execID.isEmpty }
    var waiterCount: Int { waiters.count }

    func wait(_ call: Call, deadline: Timer?) {
        waiters.append(Waiter(call: call, deadline: deadline))
    }

    /// Takes out the waiters that `matches` picks, without an answer.
    func dropWaiters(where matches: (Call) -> Bool) {
        for waiter in waiters where matches(waiter.call) { waiter.deadline?.cancel() }
        waiters.removeAll { matches($0.call) }
    }

    /// Answers everybody who waits for the end.
    func answerWaiters(_ answer: (Call) -> Void) {
        let answered = waiters
        waiters = []
        for waiter in answered {
            waiter.deadline?.cancel()
            answer(waiter.call)
        }
    }
}
