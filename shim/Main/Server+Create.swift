import CShim

/// Create: from a bundle to a container that waits for its start.
extension Server {
    func create(_ call: Call, _ payload: [UInt8]) {
        guard
            let request = Decoded(
                payload, containerd__task__v2__create_task_request__unpack,
                containerd__task__v2__create_task_request__free_unpacked)
        else {
            failUndecodable(call)
            return
        }
        let value = request.value
        let id = Text(value.id)
        let bundle = Text(value.bundle)
        if let error = Identifier.check(id, "container id") {
            call.fail(error)
            return
        }
        guard bundle.hasPrefix("/") else {
            call.fail(.invalid("bundle \"\(bundle)\" must be an absolute path"))
            return
        }
        guard !isStopping else {
            call.fail(RPCError(.unavailable, "shim is shutting down: unavailable"))
            return
        }
        if creating.contains(id) || containers.contains(where: { $0.id == id }) {
            call.fail(
                RPCError(.alreadyExists, "OCI runtime create failed: container with given ID already exists: \(id)"))
            return
        }
        let options: RuntimeOptions
        switch RuntimeOptions.decode(value.options) {
        case .failure(let error):
            call.fail(error)
            return
        case .success(let decoded): options = decoded
        }
        if let refusal = options.taskAPIRefusal(servedAt: address) {
            call.fail(refusal)
            return
        }
        for key in options.unknownKeys { log.warning("option \(key) of container \(id) is unknown and has no effect") }
        let process = TaskProcess(
            execID: "", stdin: Text(value.stdin), stdout: Text(value.stdout), stderr: Text(value.stderr),
            isTerminal: value.terminal != 0)
        let rootfs = (0..<value.n_rootfs).compactMap { value.rootfs?[$0].map { MountRequest($0.pointee) } }
        var checkpoint: RestoreArguments?
        let image = Text(value.checkpoint).isEmpty ? options.criuImagePath : Text(value.checkpoint)
        if !image.isEmpty {
            guard image.hasPrefix("/"), Files.exists(image) else {
                call.fail(RPCError(.notFound, "checkpoint \(image): no such directory: not found"))
                return
            }
            checkpoint = RestoreArguments(imagePath: image, parentPath: Text(value.parent_checkpoint))
        }
        switch process.addresses {
        case .failure(let error):
            call.fail(error)
        case .success(let addresses):
            prepare(
                call, id: id, bundle: bundle, options: options, process: process, addresses, rootfs: rootfs,
                checkpoint: checkpoint)
        }
    }

    private func prepare(
        _ call: Call, id: Text, bundle: Text, options: RuntimeOptions, process: TaskProcess,
        _ addresses: StdioAddresses, rootfs: [MountRequest], checkpoint: RestoreArguments?
    ) {
        let config = Files.read(bundle.appending(component: "config.json")).map { BundleConfig($0) }
        do throws(SystemError) {
            // For `delete`, which must find the runtime again even if we are gone in the next moment.
            try Files.write(bundle.appending(component: "options.json"), options.json)
            try Files.write(bundle.appending(component: "runtime"), options.binaryName)
            // What an earlier container of this bundle left; `delete` would take its end for ours.
            for name in [ExitRecord.fileName, "init.pid"] { Files.remove(bundle.appending(component: name)) }
        } catch {
            call.fail(RPCError(.unknown, error.text))
            return
        }
        if let config, config.isForSystemd, !options.systemdCgroup {
            log.warning(
                "cgroupsPath \(config.cgroupsPath) of container \(id) is systemd's, but the option SystemdCgroup is off"
            )
        }
        var root = Rootfs(path: bundle.appending(component: "rootfs"))
        if let error = root.mount(rootfs) {
            call.fail(error)
            return
        }
        let stdio: Stdio
        do throws(RPCError) {
            stdio = try Stdio(stdioContext(id, options, bundle: bundle), addresses, isTerminal: process.isTerminal)
        } catch {
            root.unmount()
            call.fail(error)
            return
        }
        process.stdio = stdio
        let container = Container(
            id: id, bundle: bundle, options: options, initProcess: process, rootfs: root,
            hasPrivatePIDNamespace: config?.hasPrivatePIDNamespace ?? false, checkpoint: checkpoint)
        creating.append(container.id)
        container.createTicket = earlyExits.expect()
        stdio.whenReady { [self] error in
            if let error {
                failCreate(call, container, error)
            } else if checkpoint != nil {
                finishCreate(call, container, rootfs)
            } else {
                runCreate(call, container, stdio, rootfs)
            }
        }
    }

    private func runCreate(_ call: Call, _ container: Container, _ stdio: Stdio, _ rootfs: [MountRequest]) {
        let pidFile = container.pidFile(of: container.initProcess)
        var words: [Text] = ["create", "--bundle", container.bundle, "--pid-file", pidFile]
        if let socket = stdio.consoleSocket { words += ["--console-socket", socket] }
        if container.options.noPivotRoot { words.append("--no-pivot") }
        if container.options.noNewKeyring { words.append("--no-new-keyring") }
        words.append(container.id)

        runRuntime(container.options, bundle: container.bundle, words, .process(stdio), timeout: call.timeout) {
            [self] result in
            guard result.isSuccess else {
                failCreate(call, container, runtimeError("OCI runtime create failed", result, bundle: container.bundle))
                return
            }
            guard let pid = Files.read(pidFile)?.trimmed.decimal.flatMap({ Int32(exactly: $0) }), pid > 0 else {
                discard(container) { [self] in
                    failCreate(
                        call, container,
                        RPCError(.unknown, "failed to retrieve OCI runtime container pid from \(pidFile)"))
                }
                return
            }
            container.initProcess.pid = pid
            awaitTerminal(stdio) { [self] hasTerminal in
                if hasTerminal {
                    finishCreate(call, container, rootfs)
                } else {
                    discard(container) { [self] in failCreate(call, container, .noTerminal) }
                }
            }
        }
        stdio.closeChildEnds()
    }

    /// Takes back what the runtime has made, because the call that asked for it fails.
    func discard(_ container: Container, _ completion: @escaping () -> Void) {
        // Not by the runtime alone, which may hang. A process that has been collected has its exit held, or on record.
        let process = container.initProcess
        if process.pid > 0, process.heldExit == nil, !earlyExits.has(pid: process.pid, container.createTicket) {
            _ = CShim.kill(process.pid, SIGKILL)
        }
        runRuntime(
            container.options, bundle: container.bundle, ["delete", "--force", container.id], .captured,
            timeout: Self.discardTime
        ) { _ in completion() }
    }

    private static var discardTime: Int { 5000 }

    /// Calls back when the terminal is there, at once if none is expected or it came already.
    func awaitTerminal(_ stdio: Stdio, _ action: @escaping (Bool) -> Void) {
        stdio.pollTerminal()
        guard stdio.awaitsTerminal else {
            action(true)
            return
        }
        // runsc lets its sandbox send it, so it can be a moment behind the command's end.
        let timer = loop.after(10_000) {
            stdio.onTerminal = nil
            action(false)
        }
        stdio.onTerminal = {
            timer.cancel()
            action(true)
        }
    }

    private func finishCreate(_ call: Call, _ container: Container, _ rootfs: [MountRequest]) {
        creating.removeAll { $0 == container.id }
        containers.append(container)
        if container.initProcess.pid != 0 { watchResources(container) }
        publishCreate(container, rootfs: rootfs)
        var response = Containerd__Task__V2__CreateTaskResponse()
        containerd__task__v2__create_task_response__init(&response)
        response.pid = UInt32(container.initProcess.pid)
        call.reply(packed(&response))
        let early = earlyExits.claim(pid: container.initProcess.pid, container.createTicket)
        earlyExits.settle(container.createTicket)
        if let early { exited(container, container.initProcess, early) }
    }

    private func failCreate(_ call: Call, _ container: Container, _ error: RPCError) {
        creating.removeAll { $0 == container.id }
        earlyExits.settle(container.createTicket)
        container.initProcess.stdio?.close()
        container.rootfs.unmount()
        call.fail(error)
    }
}

extension MountRequest {
    init(_ message: Containerd__Types__Mount) {
        type = Text(message.type)
        source = Text(message.source)
        target = Text(message.target)
        options = (0..<message.n_options).map { Text(message.options?[$0]) }
    }
}
