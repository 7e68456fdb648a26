import CShim

/// Start and Exec.
extension Server {
    func start(_ call: Call, _ payload: [UInt8]) {
        guard
            let request = Decoded(
                payload, containerd__task__v2__start_request__unpack, containerd__task__v2__start_request__free_unpacked
            )
        else {
            failUndecodable(call)
            return
        }
        guard let (container, process) = find(request.value.id, request.value.exec_id, call) else { return }
        if process.isInit {
            container.enqueue { [self] in startInit(call, container) }
        } else {
            startExec(call, container, process)
        }
    }

    private func startInit(_ call: Call, _ container: Container) {
        let process = container.initProcess
        if let refusal = process.phase.refusal(of: .start) {
            call.fail(refusal)
            container.finishOperation()
            return
        }
        if let checkpoint = container.checkpoint {
            restore(call, container, checkpoint)
            return
        }
        process.phase = .starting
        runRuntime(
            container.options, bundle: container.bundle, ["start", container.id], .captured, timeout: call.timeout
        ) { [self] result in
            if result.isSuccess {
                finishStart(call, container)
                return
            }
            process.phase = .created
            call.fail(runtimeError("OCI runtime start failed", result, bundle: container.bundle))
            releaseHeldExit(container, process)
            container.finishOperation()
        }
    }

    func finishStart(_ call: Call, _ container: Container) {
        let process = container.initProcess
        process.phase = .running
        publishStart(container, process)
        replyStarted(call, process)
        releaseHeldExit(container, process)
        container.finishOperation()
    }

    func exec(_ call: Call, _ payload: [UInt8]) {
        guard
            let request = Decoded(
                payload, containerd__task__v2__exec_process_request__unpack,
                containerd__task__v2__exec_process_request__free_unpacked)
        else {
            failUndecodable(call)
            return
        }
        let value = request.value
        guard let container = find(Text(value.id), call) else { return }
        let execID = Text(value.exec_id)
        if let error = Identifier.check(execID, "exec id") {
            call.fail(error)
            return
        }
        if container.exec(execID) != nil || execID == container.id {
            call.fail(.exists(execID))
            return
        }
        if let refusal = container.initProcess.phase.refusal(of: .exec) {
            call.fail(refusal)
            return
        }
        if container.initProcess.pid == 0 {
            call.fail(RPCError(.unknown, "cannot exec in a created state"))
            return
        }
        guard let spec = value.spec,
            let document = ExecSpec.setting(
                terminal: value.terminal != 0, in: Text([UInt8](spec.pointee.value)))
        else {
            call.fail(.invalid("exec \(execID) has no process document"))
            return
        }
        let process = TaskProcess(
            execID: execID, stdin: Text(value.stdin), stdout: Text(value.stdout), stderr: Text(value.stderr),
            isTerminal: value.terminal != 0)
        process.spec = document
        container.execs.append(process)
        publishExecAdded(container, process)
        call.replyEmpty()
    }

    private func startExec(_ call: Call, _ container: Container, _ process: TaskProcess) {
        if container.initHasExited || container.initProcess.phase == .stopped {
            call.fail(.initNotRunning(container.id))
            return
        }
        if let refusal = process.phase.refusal(of: .start) {
            call.fail(refusal)
            return
        }
        let stdio: Stdio
        do throws(RPCError) {
            stdio = try Stdio(
                stdioContext(process.execID, container.options, bundle: container.bundle),
                try process.addresses.get(), isTerminal: process.isTerminal)
        } catch {
            failExec(call, container, process, error)
            return
        }
        process.stdio = stdio
        process.phase = .starting
        process.hasFailedToStart = false
        stdio.whenReady { [self] error in
            if let error {
                failExec(call, container, process, error)
            } else {
                runExec(call, container, process, stdio)
            }
        }
    }

    private func runExec(_ call: Call, _ container: Container, _ process: TaskProcess, _ stdio: Stdio) {
        let specFile = container.specFile(of: process)
        let pidFile = container.pidFile(of: process)
        do throws(SystemError) {
            try Files.write(specFile, process.spec)
        } catch {
            failExec(call, container, process, RPCError(.unknown, error.text))
            return
        }
        var words: [Text] = ["exec", "--process", specFile]
        if let socket = stdio.consoleSocket { words += ["--console-socket", socket] }
        words += ["--detach", "--pid-file", pidFile, container.id]

        let ticket = earlyExits.expect()
        runRuntime(container.options, bundle: container.bundle, words, .process(stdio), timeout: call.timeout) {
            [self] result in
            Files.remove(specFile)
            guard result.isSuccess else {
                earlyExits.settle(ticket)
                failExec(
                    call, container, process, runtimeError("OCI runtime exec failed", result, bundle: container.bundle))
                return
            }
            guard let pid = Files.read(pidFile)?.trimmed.decimal.flatMap({ Int32(exactly: $0) }), pid > 0 else {
                earlyExits.settle(ticket)
                failExec(
                    call, container, process,
                    RPCError(.unknown, "failed to retrieve OCI runtime exec pid from \(pidFile)"))
                return
            }
            process.pid = pid
            process.heldExit = earlyExits.claim(pid: pid, ticket)
            earlyExits.settle(ticket)
            // It came in after everything else had been killed.
            if container.initHasExited, process.heldExit == nil { _ = CShim.kill(pid, SIGKILL) }
            if container.initProcess.phase == .deleted {
                // A runtime that took so long that nobody waited for it: what it started has no container any more.
                failExec(call, container, process, .initNotRunning(container.id))
                return
            }
            awaitTerminal(stdio) { [self] hasTerminal in
                guard hasTerminal else {
                    failExec(call, container, process, .noTerminal)
                    return
                }
                process.spec = ""
                process.phase = .running
                publishStart(container, process)
                replyStarted(call, process)
                releaseHeldExit(container, process)
            }
        }
        stdio.closeChildEnds()
    }

    /// The exec stays in the table as created, so that Delete finds it; waiting for it ends at once.
    private func failExec(_ call: Call, _ container: Container, _ process: TaskProcess, _ error: RPCError) {
        process.stdio?.close()
        process.stdio = nil
        process.phase = .created
        process.hasFailedToStart = true
        // What the runtime has made all the same is nobody's: its end is not told of. That of a deleted container has been
        // killed, and may have been collected unseen.
        if process.pid > 0, process.heldExit == nil, container.initProcess.phase != .deleted {
            _ = CShim.kill(process.pid, SIGKILL)
        }
        process.pid = 0
        process.heldExit = nil
        call.fail(error)
        process.answerWaiters { replyExit($0, process) }
        publishStashedExit(container)
    }

    private func replyStarted(_ call: Call, _ process: TaskProcess) {
        var response = Containerd__Task__V2__StartResponse()
        containerd__task__v2__start_response__init(&response)
        response.pid = UInt32(process.pid)
        call.reply(packed(&response))
    }

    func releaseHeldExit(_ container: Container, _ process: TaskProcess) {
        guard let held = process.heldExit else { return }
        process.heldExit = nil
        exited(container, process, held)
    }
}
