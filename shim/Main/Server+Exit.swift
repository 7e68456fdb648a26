import CShim

/// Reaping, and the order in which exits become known.
///
/// create < start < exit < delete for every process, and the exits of a container's execs before that of its init.
extension Server {
    /// Collects every child that has ended; the only place where the shim waits for children.
    func reap() {
        while true {
            var status: Int32 = 0
            let pid = waitpid(-1, &status, WNOHANG)
            if pid <= 0 {
                if pid < 0, shim_errno() == EINTR { continue }
                return
            }
            if commandExited(pid, status) { continue }
            let exit = ExitStatus(waitStatus: status, at: Clock.now())
            if let (container, process) = findProcess(pid) {
                exited(container, process, exit)
            } else {
                earlyExits.record(pid: pid, status: exit)
            }
        }
    }

    private func findProcess(_ pid: pid_t) -> (Container, TaskProcess)? {
        for container in containers {
            for process in [container.initProcess] + container.execs
            where process.pid == pid && process.exit == nil && process.heldExit == nil {
                return (container, process)
            }
        }
        return nil
    }

    func exited(_ container: Container, _ process: TaskProcess, _ status: ExitStatus) {
        if process.isInit { initEnded(container, status) }
        if process.phase == .starting {
            process.heldExit = status
            return
        }
        if process.isInit {
            container.stashedExit = status
            publishStashedExit(container)
        } else {
            publishEnd(container, process, status)
            publishStashedExit(container)
        }
    }

    /// What the init's end means for the others, before anybody is told.
    private func initEnded(_ container: Container, _ status: ExitStatus) {
        guard !container.initHasExited else { return }
        container.initHasExited = true
        writeExitRecord(container, status, isDeleted: false)
        thaw(container)
        if container.hasPrivatePIDNamespace {
            killExecs(container)
        } else {
            container.killAllIsRunning = true
            container.killsUnderWay += 1
            runRuntime(container.options, bundle: container.bundle, ["kill", "--all", container.id, "9"], .captured) {
                [self] _ in
                container.killAllIsRunning = false
                killExecs(container)
                publishStashedExit(container)
                container.killsUnderWay -= 1
            }
        }
        if container.killAllIsRunning || hasLiveExecs(container) {
            // A runtime that hangs must not hide the exit for ever.
            _ = loop.after(5000) { [self] in
                container.mayNotWait = true
                publishStashedExit(container)
            }
        }
    }

    /// On cgroup v1 what is frozen does not die, and not every runtime thaws what it kills.
    func thaw(_ container: Container, _ completion: @escaping (_ isRunning: Bool) -> Void = { _ in }) {
        if container.initProcess.phase == .paused { resume(container, completion) }
    }

    /// Resumes what nobody has asked to be resumed.
    func resume(_ container: Container, _ completion: @escaping (_ isRunning: Bool) -> Void) {
        container.killsUnderWay += 1
        runRuntime(container.options, bundle: container.bundle, ["resume", container.id], .captured) {
            completion($0.isSuccess)
            container.killsUnderWay -= 1
        }
    }

    /// Our own children cannot have had their pids reused: they are zombies until we reap them.
    private func killExecs(_ container: Container) {
        for process in container.execs where process.phase == .running && process.pid > 0 {
            _ = CShim.kill(process.pid, SIGKILL)
        }
    }

    private func hasLiveExecs(_ container: Container) -> Bool {
        container.execs.contains { $0.phase == .running || $0.phase == .starting }
    }

    /// Publishes the init's exit once the execs' exits have been.
    func publishStashedExit(_ container: Container) {
        guard let status = container.stashedExit else { return }
        if !container.mayNotWait, container.killAllIsRunning || hasLiveExecs(container) { return }
        container.stashedExit = nil
        publishEnd(container, container.initProcess, status)
        let notify = container.onInitExit
        container.onInitExit = nil
        notify?()
    }

    private func publishEnd(_ container: Container, _ process: TaskProcess, _ status: ExitStatus) {
        // The reason first. After the init nobody is left to be killed.
        container.oomWatch?.check()
        if process.isInit {
            container.oomWatch?.close()
            container.oomWatch = nil
        }
        process.phase = .stopped
        process.exit = status
        publishExit(container, process, status)
        process.stdio?.processExited()
        process.answerWaiters { replyExit($0, process) }
    }

    func writeExitRecord(_ container: Container, _ status: ExitStatus, isDeleted: Bool) {
        let record = ExitRecord(pid: container.initProcess.pid, status: status, isDeleted: isDeleted)
        do throws(SystemError) {
            try Files.write(container.bundle.appending(component: ExitRecord.fileName), record.encoded)
        } catch {
            log.warning("cannot write exit record of \(container.id): \(error.text)")
        }
    }

    func wait(_ call: Call, _ payload: [UInt8]) {
        guard
            let request = Decoded(
                payload, containerd__task__v2__wait_request__unpack, containerd__task__v2__wait_request__free_unpacked)
        else {
            failUndecodable(call)
            return
        }
        guard let (_, process) = find(request.value.id, request.value.exec_id, call) else { return }
        if process.exit != nil || process.hasFailedToStart {
            replyExit(call, process)
            return
        }
        var deadline: Timer?
        if call.timeout > 0 {
            deadline = loop.after(call.timeout) {
                process.dropWaiters { $0.connection === call.connection && $0.stream == call.stream }
                call.fail(RPCError(.deadlineExceeded, "context deadline exceeded"))
            }
        }
        process.wait(call, deadline: deadline)
    }

    func replyExit(_ call: Call, _ process: TaskProcess) {
        let arena = Arena()
        var response = Containerd__Task__V2__WaitResponse()
        containerd__task__v2__wait_response__init(&response)
        response.exit_status = process.exit?.code ?? 0
        response.exited_at = arena.timestamp(process.exit?.at ?? .never)
        call.reply(packed(&response))
    }
}
