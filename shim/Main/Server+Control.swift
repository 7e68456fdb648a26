import CShim

/// State, Pids, Kill, Pause, Resume, CloseIO, ResizePty and Connect.
extension Server {
    func state(_ call: Call, _ payload: [UInt8]) {
        guard
            let request = Decoded(
                payload, containerd__task__v2__state_request__unpack, containerd__task__v2__state_request__free_unpacked
            )
        else {
            failUndecodable(call)
            return
        }
        guard let (container, process) = find(request.value.id, request.value.exec_id, call) else { return }
        let arena = Arena()
        // A paused container has paused its execs too.
        let isFrozen = !process.isInit && process.phase == .running && container.initProcess.phase == .paused
        let phase = isFrozen ? ProcessPhase.paused : process.phase
        var response = Containerd__Task__V2__StateResponse()
        containerd__task__v2__state_response__init(&response)
        response.id = arena.string(process.isInit ? container.id : process.execID)
        response.bundle = arena.string(container.bundle)
        response.pid = UInt32(process.pid)
        response.status = Containerd__Task__V2__Status(rawValue: phase.wireStatus)
        response.stdin = arena.string(process.stdinPath)
        response.stdout = arena.string(process.stdoutPath)
        response.stderr = arena.string(process.stderrPath)
        response.terminal = process.isTerminal ? 1 : 0
        response.exit_status = process.exit?.code ?? 0
        response.exited_at = arena.timestamp(process.exit?.at ?? .never)
        call.reply(packed(&response))
    }

    func connect(_ call: Call, _ payload: [UInt8]) {
        guard
            let request = Decoded(
                payload, containerd__task__v2__connect_request__unpack,
                containerd__task__v2__connect_request__free_unpacked)
        else {
            failUndecodable(call)
            return
        }
        let id = Text(request.value.id)
        let arena = Arena()
        var response = Containerd__Task__V2__ConnectResponse()
        containerd__task__v2__connect_response__init(&response)
        response.shim_pid = UInt32(getpid())
        response.task_pid = UInt32(containers.first { $0.id == id }?.initProcess.pid ?? 0)
        response.version = arena.string(Text(shim_version()))
        call.reply(packed(&response))
    }

    func pids(_ call: Call, _ payload: [UInt8]) {
        guard
            let request = Decoded(
                payload, containerd__task__v2__pids_request__unpack, containerd__task__v2__pids_request__free_unpacked)
        else {
            failUndecodable(call)
            return
        }
        guard let container = find(Text(request.value.id), call) else { return }
        if container.initHasExited || container.initProcess.phase == .stopped || container.initProcess.pid == 0 {
            replyPids(call, container, [])
            return
        }
        runRuntime(
            container.options, bundle: container.bundle, ["ps", "--format", "json", container.id], .outputCaptured,
            timeout: call.timeout
        ) { [self] result in
            if container.initHasExited {
                replyPids(call, container, [])
            } else if result.isSuccess, let pids = RuntimeLog.processes(in: result.output) {
                replyPids(call, container, pids)
            } else {
                call.fail(runtimeError("OCI runtime ps failed", result, bundle: container.bundle))
            }
        }
    }

    private func replyPids(_ call: Call, _ container: Container, _ pids: [Int32]) {
        let arena = Arena()
        let processes = pids.map { pid in
            var info = Containerd__Task__V2__ProcessInfo()
            containerd__task__v2__process_info__init(&info)
            info.pid = UInt32(bitPattern: pid)
            if let exec = container.execs.first(where: { $0.pid == pid && $0.phase == .running }) {
                var details = Containerd__Runc__V1__ProcessDetails()
                containerd__runc__v1__process_details__init(&details)
                details.exec_id = arena.string(exec.execID)
                info.info = arena.any("containerd.runc.v1.ProcessDetails", packed(&details))
            }
            return info
        }
        var response = Containerd__Task__V2__PidsResponse()
        containerd__task__v2__pids_response__init(&response)
        response.n_processes = processes.count
        response.processes = arena.pointers(processes)
        call.reply(packed(&response))
    }

    func kill(_ call: Call, _ payload: [UInt8]) {
        guard
            let request = Decoded(
                payload, containerd__task__v2__kill_request__unpack, containerd__task__v2__kill_request__free_unpacked)
        else {
            failUndecodable(call)
            return
        }
        guard let (container, process) = find(request.value.id, request.value.exec_id, call) else { return }
        let signal = request.value.signal
        guard signal <= 64 else {
            call.fail(.invalid("signal \(signal) does not exist"))
            return
        }
        if !process.isInit {
            killExec(call, process, Int32(signal))
            return
        }
        if process.exit != nil || container.initHasExited {
            call.fail(.alreadyFinished)
            return
        }
        killInit(call, container, Int32(signal), all: request.value.all != 0)
    }

    private func killInit(_ call: Call, _ container: Container, _ signal: Int32, all: Bool) {
        let process = container.initProcess
        let words: [Text] = ["kill"] + (all ? ["--all"] : []) + [container.id, "\(signal)"]
        container.killsUnderWay += 1
        runRuntime(container.options, bundle: container.bundle, words, .captured, timeout: call.timeout) {
            [self] result in
            defer { container.killsUnderWay -= 1 }
            if result.isSuccess {
                if signal == SIGKILL { thaw(container) }
                call.replyEmpty()
            } else if container.initHasExited {
                call.fail(.alreadyFinished)
            } else if result.isTimedOut {
                call.fail(runtimeError("OCI runtime kill failed", result, bundle: container.bundle))
            } else if signal == SIGKILL, process.phase == .paused {
                // runsc kills nothing that is paused, and cannot delete what was killed so by others.
                thaw(container) { [self] isRunning in
                    if isRunning {
                        if process.phase == .paused { process.phase = .running }
                        killInit(call, container, signal, all: all)
                    } else {
                        call.fail(RuntimeLog.killError(output: result.output))
                    }
                }
            } else if signal == SIGKILL, process.pid > 0, CShim.kill(process.pid, SIGKILL) == 0 {
                // runsc refuses any signal before the start, which would make such a container impossible to remove.
                call.replyEmpty()
            } else {
                call.fail(RuntimeLog.killError(output: result.output.isEmpty ? result.cause : result.output))
            }
        }
    }

    private func killExec(_ call: Call, _ process: TaskProcess, _ signal: Int32) {
        // An exit that is held until Start has answered was collected: its pid may be somebody else's.
        if process.exit != nil || process.heldExit != nil {
            call.fail(.alreadyFinished)
        } else if process.pid == 0 {
            call.fail(RPCError(.failedPrecondition, "process not created: failed precondition"))
        } else if CShim.kill(process.pid, signal) != 0 {
            let error = SystemError("kill process \(process.pid)")
            call.fail(error.number == ESRCH ? .alreadyFinished : RPCError(.unknown, error.text))
        } else {
            call.replyEmpty()
        }
    }

    func pause(_ call: Call, _ payload: [UInt8]) {
        guard
            let request = Decoded(
                payload, containerd__task__v2__pause_request__unpack, containerd__task__v2__pause_request__free_unpacked
            )
        else {
            failUndecodable(call)
            return
        }
        guard let container = find(Text(request.value.id), call) else { return }
        container.enqueue { [self] in
            freeze(call, container, .pause, during: .pausing, after: .paused, "pause") { [self] in
                publishPaused(container)
            }
        }
    }

    func resume(_ call: Call, _ payload: [UInt8]) {
        guard
            let request = Decoded(
                payload, containerd__task__v2__resume_request__unpack,
                containerd__task__v2__resume_request__free_unpacked)
        else {
            failUndecodable(call)
            return
        }
        guard let container = find(Text(request.value.id), call) else { return }
        container.enqueue { [self] in
            freeze(call, container, .resume, during: .paused, after: .running, "resume") { [self] in
                publishResumed(container)
            }
        }
    }

    private func freeze(
        _ call: Call, _ container: Container, _ action: ProcessAction, during: ProcessPhase, after: ProcessPhase,
        _ command: Text, _ publish: @escaping () -> Void
    ) {
        let process = container.initProcess
        let before = process.phase
        if let refusal = before.refusal(of: action) {
            call.fail(refusal)
            container.finishOperation()
            return
        }
        process.phase = during
        runRuntime(
            container.options, bundle: container.bundle, [command, container.id], .captured, timeout: call.timeout
        ) { [self] result in
            // The init may have ended meanwhile; then it stays stopped, and nothing is told of it after its exit.
            let isOver = container.initHasExited
            if process.phase == during { process.phase = result.isSuccess && !isOver ? after : before }
            if result.isSuccess {
                if !isOver {
                    publish()
                } else if action == .pause {
                    // The others could not die either.
                    resume(container) { _ in }
                }
                call.replyEmpty()
            } else {
                call.fail(runtimeError("OCI runtime \(command) failed", result, bundle: container.bundle))
            }
            container.finishOperation()
        }
    }

    func closeIO(_ call: Call, _ payload: [UInt8]) {
        guard
            let request = Decoded(
                payload, containerd__task__v2__close_iorequest__unpack,
                containerd__task__v2__close_iorequest__free_unpacked)
        else {
            failUndecodable(call)
            return
        }
        guard let container = find(Text(request.value.id), call) else { return }
        let execID = Text(request.value.exec_id)
        guard let process = execID.isEmpty ? container.initProcess : container.exec(execID) else {
            // The one method at which containerd's shim has never given this a class.
            call.fail(RPCError(.unknown, RPCError.noSuchExec(execID).message))
            return
        }
        process.stdio?.closeInput()
        call.replyEmpty()
    }

    func resizePty(_ call: Call, _ payload: [UInt8]) {
        guard
            let request = Decoded(
                payload, containerd__task__v2__resize_pty_request__unpack,
                containerd__task__v2__resize_pty_request__free_unpacked)
        else {
            failUndecodable(call)
            return
        }
        guard let (_, process) = find(request.value.id, request.value.exec_id, call) else { return }
        if !process.isInit, process.phase == .stopped {
            call.fail(RPCError(.unknown, "cannot resize a stopped container"))
            return
        }
        process.stdio?.resize(
            rows: UInt16(truncatingIfNeeded: request.value.height),
            columns: UInt16(truncatingIfNeeded: request.value.width))
        call.replyEmpty()
    }
}
