import CShim

/// Delete and Shutdown.
extension Server {
    /// How long output that nobody takes may hold up a Delete.
    private static let drainTime = 10_000

    func delete(_ call: Call, _ payload: [UInt8]) {
        guard
            let request = Decoded(
                payload, containerd__task__v2__delete_request__unpack,
                containerd__task__v2__delete_request__free_unpacked)
        else {
            failUndecodable(call)
            return
        }
        guard let (container, process) = find(request.value.id, request.value.exec_id, call) else { return }
        if process.isInit {
            container.enqueue { [self] in deleteContainer(call, container) }
        } else {
            deleteExec(call, container, process)
        }
    }

    private func deleteExec(_ call: Call, _ container: Container, _ process: TaskProcess) {
        if process.phase == .deleted {
            call.fail(.noSuchExec(process.execID))
            return
        }
        if let refusal = process.phase.refusal(of: .delete) {
            call.fail(refusal)
            return
        }
        process.phase = .deleted
        drain(process) { [self] in
            process.stdio?.close()
            process.stdio = nil
            container.execs.removeAll { $0 === process }
            Files.remove(container.pidFile(of: process))
            process.answerWaiters { replyExit($0, process) }
            replyDeleted(call, process)
        }
    }

    private func deleteContainer(_ call: Call, _ container: Container) {
        let process = container.initProcess
        if process.phase == .deleted {
            call.fail(.containerNotCreated)
            container.finishOperation()
            return
        }
        if let refusal = process.phase.refusal(of: .delete) {
            call.fail(refusal)
            container.finishOperation()
            return
        }
        // The runtime forgets the container while the last output is passed on.
        var parts = 2
        func partDone() {
            parts -= 1
            if parts == 0 { finishDelete(call, container) }
        }
        awaitKills(container) { [self] in
            runRuntime(
                container.options, bundle: container.bundle, ["delete", container.id], .captured, timeout: call.timeout
            ) { [self] result in
                if !result.isSuccess, !RuntimeLog.meansAlreadyDeleted(result.output) {
                    call.fail(runtimeError("OCI runtime delete failed", result, bundle: container.bundle))
                    container.finishOperation()
                    return
                }
                awaitInitExit(container) { partDone() }
            }
        }
        drain(process) { partDone() }
    }

    /// The death that a Kill brought may be known, and lead to this Delete, before the runtime's `kill` has ended. On
    /// cgroup v1 that may have frozen the container for the moment, and what is frozen the runtime does not delete. And a
    /// daemon closes the connection when the Delete is answered; the Kill's caller would be told of that and not of its
    /// success.
    private func awaitKills(_ container: Container, _ action: @escaping () -> Void) {
        guard container.killsUnderWay > 0 else {
            action()
            return
        }
        var isDone = false
        let timer = loop.after(Self.drainTime) {
            if !isDone { action() }
            isDone = true
        }
        container.onKillsAnswered = {
            timer.cancel()
            if !isDone { action() }
            isDone = true
        }
    }

    /// A container that was deleted before its start has just been killed: its exit comes first.
    private func awaitInitExit(_ container: Container, _ action: @escaping () -> Void) {
        guard container.initProcess.exit == nil, container.initProcess.pid != 0 else {
            action()
            return
        }
        var isDone = false
        let timer = loop.after(Self.drainTime) {
            if !isDone { action() }
            isDone = true
        }
        container.onInitExit = {
            timer.cancel()
            if !isDone { action() }
            isDone = true
        }
    }

    private func finishDelete(_ call: Call, _ container: Container) {
        let process = container.initProcess
        for exec in container.execs {
            exec.stdio?.close()
            exec.stdio = nil
            exec.answerWaiters { replyExit($0, exec) }
        }
        container.execs = []
        process.stdio?.close()
        process.stdio = nil
        container.oomWatch?.close()
        container.oomWatch = nil
        container.rootfs.unmount()
        if let exit = process.exit { writeExitRecord(container, exit, isDeleted: true) }
        process.phase = .deleted
        containers.removeAll { $0 === container }
        publishDelete(container)
        process.answerWaiters { replyExit($0, process) }
        replyDeleted(call, process)
        container.finishOperation()
    }

    /// Calls `action` when all output has been passed on, or when that has taken too long.
    private func drain(_ process: TaskProcess, _ action: @escaping () -> Void) {
        guard let stdio = process.stdio, process.exit != nil else {
            action()
            return
        }
        let timer = loop.after(Self.drainTime) { [self] in
            log.warning("output of process \(process.pid) was not taken in time and is dropped")
            stdio.close()
        }
        stdio.whenDrained {
            timer.cancel()
            action()
        }
    }

    private func replyDeleted(_ call: Call, _ process: TaskProcess) {
        let arena = Arena()
        var response = Containerd__Task__V2__DeleteResponse()
        containerd__task__v2__delete_response__init(&response)
        response.pid = UInt32(process.pid)
        response.exit_status = process.exit?.code ?? 0
        response.exited_at = arena.timestamp(process.exit?.at ?? .never)
        call.reply(packed(&response))
    }

    func shutdown(_ call: Call, _ payload: [UInt8]) {
        call.replyEmpty()
        // A group's shim is asked once per container; only the last time counts.
        if containers.isEmpty, creating.isEmpty { stop() }
    }
}
