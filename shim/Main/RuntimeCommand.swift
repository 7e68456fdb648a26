import CShim

/// How a command of the OCI runtime ended.
struct CommandResult {
    /// Empty after success, else the cause in Go's words: `exit status 1`, `signal: killed`, or why it never ran.
    var cause: Text
    /// What it printed, if that was asked for.
    var output: Text
    /// Size of the container's log.json when the command began: what follows is this command's.
    var logOffset: Int
    /// It was killed because its caller's deadline had passed.
    var isTimedOut = false

    var isSuccess: Bool { cause.isEmpty }
}

/// A command of the OCI runtime that is still running.
struct RunningCommand {
    var pid: pid_t
    var output: Int32
    var logOffset: Int
    var completion: (CommandResult) -> Void
    var deadline: Timer?
    /// A logging program and no command: it must not outlive us once nobody writes to it.
    var isLogger = false
}

/// What a command has for its 0, 1 and 2.
enum CommandStreams {
    /// Output and errors are kept for the completion.
    case captured
    /// Only the output is kept; errors are read from the log.
    case outputCaptured
    /// As captured, with a descriptor to read from.
    case input(Int32)
    /// The process's own streams; a terminal's process has none, and then the output is kept.
    case process(Stdio)
}

extension Server {
    /// Runs `words` with the runtime of `options`; `completion` is called once, after the loop has reaped it.
    ///
    /// After `timeout` milliseconds, the patience of the caller who asked for it, the command is killed; 0 is no end.
    func runRuntime(
        _ options: RuntimeOptions, bundle: Text, _ words: [Text], _ streams: CommandStreams, timeout: Int = 0,
        completion: @escaping (CommandResult) -> Void
    ) {
        let logOffset = Files.size(bundle.appending(component: "log.json"))
        func fail(_ cause: Text) {
            completion(CommandResult(cause: cause, output: "", logOffset: logOffset))
        }
        guard let program = Spawn.find(options.binary) else {
            let isPath = options.binary.contains("/")
            fail(
                isPath
                    ? "fork/exec \(options.binary): no such file or directory"
                    : "exec: \(options.binary.jsonQuoted): executable file not found in $PATH")
            return
        }
        var capture = OwnedFD(adopting: shim_memory_file())
        let output = capture.isOpen ? capture.raw : null.raw
        let descriptors: [Int32] =
            switch streams {
            case .captured: [null.raw, output, output]
            case .input(let source): [source, output, output]
            case .outputCaptured: [null.raw, output, null.raw]
            case .process(let stdio): stdio.childDescriptors(null: null.raw, output: output)
            }
        let arguments = options.globalArguments(namespace: arguments.namespace, bundle: bundle) + words
        var spawn = Spawn(program: program, arguments: arguments, descriptors: descriptors)
        // Left behind by a killed shim it would go on making what `delete` is removing.
        spawn.endingWithParent = true
        do throws(SystemError) {
            let pid = try spawn.start()
            if log.isDebug { log.debug("command \(pid): \(MountOptions.joined(arguments, 0x20))") }
            commands.append(
                RunningCommand(
                    pid: pid, output: capture.take(), logOffset: logOffset, completion: completion,
                    deadline: timeout == 0 ? nil : loop.after(timeout) { _ = CShim.kill(pid, SIGKILL) }))
        } catch {
            fail(error.text)
        }
    }

    /// What the streams of a process of that id need.
    func stdioContext(_ id: Text, _ options: RuntimeOptions, bundle: Text) -> StdioContext {
        StdioContext(
            loop: loop, options: options, id: id, namespace: arguments.namespace, bundle: bundle, null: null.raw,
            scratch: scratch, logs: logs,
            adopt: { [self] pid, ended in
                commands.append(
                    RunningCommand(pid: pid, output: -1, logOffset: 0, completion: { _ in ended() }, isLogger: true))
            })
    }

    /// Finishes the command that `pid` was; false if it was none.
    func commandExited(_ pid: pid_t, _ waitStatus: Int32) -> Bool {
        guard let index = commands.firstIndex(where: { $0.pid == pid }) else { return false }
        let command = commands.remove(at: index)
        if commands.isEmpty { commands = [] }
        var output = Text()
        let capture = OwnedFD(adopting: command.output)
        if capture.isOpen, lseek(capture.raw, 0, SEEK_SET) == 0 {
            output = Files.read(descriptor: capture.raw, limit: 1 << 20) ?? ""
        }
        let isTimedOut = command.deadline?.hasFired ?? false
        command.deadline?.cancel()
        let signal = waitStatus & 0x7f
        let code = waitStatus >> 8 & 0xff
        let cause: Text
        if signal != 0 {
            cause = "signal: " + Text(strsignal(signal)).lowercased
        } else {
            cause = code == 0 ? "" : "exit status \(code)"
        }
        if log.isDebug { log.debug("command \(pid) ended: \(cause.isEmpty ? "success" : cause)") }
        command.completion(
            CommandResult(
                cause: cause, output: output, logOffset: command.logOffset,
                isTimedOut: isTimedOut && signal == SIGKILL))
        return true
    }

    /// The answer for a command that failed, in containerd's words: what the runtime logged, else how it ended.
    func runtimeError(_ what: Text, _ result: CommandResult, bundle: Text) -> RPCError {
        if result.isTimedOut { return RPCError(.deadlineExceeded, "\(what): context deadline exceeded") }
        let path = bundle.appending(component: "log.json")
        guard let contents = Files.read(path, from: result.logOffset) else {
            return RPCError(
                .unknown,
                "\(what): unable to retrieve OCI runtime error (open \(path): no such file or directory): \(result.cause)"
            )
        }
        if let message = RuntimeLog.lastError(in: contents) { return RPCError(.unknown, "\(what): \(message)") }
        let words = RuntimeLog.gist(ofOutput: result.output)
        return RPCError(.unknown, "\(what): \(result.cause)" + (words.isEmpty ? "" : ": " + words))
    }
}
