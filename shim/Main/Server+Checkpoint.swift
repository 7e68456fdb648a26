import CShim

/// Checkpoint, and Start of a container that is made from one.
extension Server {
    func checkpoint(_ call: Call, _ payload: [UInt8]) {
        guard
            let request = Decoded(
                payload, containerd__task__v2__checkpoint_task_request__unpack,
                containerd__task__v2__checkpoint_task_request__free_unpacked)
        else {
            failUndecodable(call)
            return
        }
        guard let container = find(Text(request.value.id), call) else { return }
        let path = Text(request.value.path)
        guard path.hasPrefix("/") else {
            call.fail(.invalid("checkpoint path \"\(path)\" must be an absolute path"))
            return
        }
        let work = container.bundle.appending(component: "work/criu-work")
        switch CheckpointArguments.decode(request.value.options, imagePath: path, workPath: work) {
        case .failure(let error): call.fail(error)
        case .success(let arguments):
            container.enqueue { [self] in
                checkpoint(call, container, arguments, isOwnWork: arguments.workPath == work)
            }
        }
    }

    private func checkpoint(
        _ call: Call, _ container: Container, _ arguments: CheckpointArguments, isOwnWork: Bool
    ) {
        if let refusal = container.initProcess.phase.refusal(of: .checkpoint) {
            call.fail(refusal)
            container.finishOperation()
            return
        }
        makeWorkFolder(container)
        runRuntime(
            container.options, bundle: container.bundle, arguments.words(container.id), .captured,
            timeout: call.timeout
        ) { [self] result in
            let error = result.isSuccess ? nil : checkpointError(result, container, work: arguments.workPath)
            if isOwnWork { Files.removeTree(arguments.workPath) }
            if let error {
                call.fail(error)
            } else {
                publishCheckpointed(container, arguments.imagePath)
                call.replyEmpty()
            }
            container.finishOperation()
        }
    }

    /// containerd has made it, as a link; runtimes make what is in it and no more.
    private func makeWorkFolder(_ container: Container) {
        Files.makeDirectories(container.bundle.appending(component: "work"), mode: 0o700)
    }

    /// The runtime's words, with the place of criu's own if it left any.
    private func checkpointError(_ result: CommandResult, _ container: Container, work: Text) -> RPCError {
        var error = runtimeError("OCI runtime checkpoint failed", result, bundle: container.bundle)
        // What follows names a log that is about to go.
        error.message = error.message.split(0x0a)[0]
        guard let log = Files.read(work.appending(component: "dump.log")) else { return error }
        let copy = container.bundle.appending(component: "criu-dump.log")
        do throws(SystemError) {
            try Files.write(copy, log)
            error.message += " path= " + copy
        } catch {
            self.log.warning("cannot keep criu's log: \(error.text)")
        }
        return error
    }

    /// Start of a container that Create has prepared only.
    func restore(_ call: Call, _ container: Container, _ arguments: RestoreArguments) {
        let process = container.initProcess
        guard let stdio = process.stdio else {
            failRestore(call, container, RPCError(.internalError, "container \(container.id) has lost its streams"))
            return
        }
        let pidFile = container.pidFile(of: process)
        let words = arguments.words(
            container.id, bundle: container.bundle, pidFile: pidFile, options: container.options,
            consoleSocket: stdio.consoleSocket)
        process.phase = .starting
        makeWorkFolder(container)
        let ticket = earlyExits.expect()
        runRuntime(container.options, bundle: container.bundle, words, .process(stdio), timeout: call.timeout) {
            [self] result in
            let pid = Files.read(pidFile)?.trimmed.decimal.flatMap { Int32(exactly: $0) } ?? 0
            guard result.isSuccess else {
                earlyExits.settle(ticket)
                var error = runtimeError("OCI runtime restore failed", result, bundle: container.bundle)
                // The second line of runc's says where criu's own words are.
                error.message.bytes = error.message.bytes.map { $0 == 0x0a ? 0x20 : $0 }
                failRestore(call, container, error)
                return
            }
            guard pid > 0 else {
                earlyExits.settle(ticket)
                discard(container) { [self] in
                    failRestore(
                        call, container,
                        RPCError(.unknown, "failed to retrieve OCI runtime container pid from \(pidFile)"))
                }
                return
            }
            // Only now: a Start that failed may be tried again.
            stdio.closeChildEnds()
            process.pid = pid
            if let exit = earlyExits.claim(pid: pid, ticket) { exited(container, process, exit) }
            earlyExits.settle(ticket)
            watchResources(container)
            awaitTerminal(stdio) { [self] hasTerminal in
                if hasTerminal {
                    finishStart(call, container)
                } else {
                    discard(container) { [self] in failRestore(call, container, .noTerminal) }
                }
            }
        }
    }

    private func failRestore(_ call: Call, _ container: Container, _ error: RPCError) {
        container.initProcess.phase = .created
        call.fail(error)
        releaseHeldExit(container, container.initProcess)
        container.finishOperation()
    }
}

extension CheckpointArguments {
    /// Reads the options of Checkpoint; absent ones are the defaults.
    static func decode(
        _ any: UnsafeMutablePointer<Google__Protobuf__Any>?, imagePath: Text, workPath: Text
    ) -> Result<CheckpointArguments, RPCError> {
        var arguments = CheckpointArguments(imagePath: imagePath, workPath: workPath)
        guard let any else { return .success(arguments) }
        if let error = check(typeURL: Text(any.pointee.type_url)) { return .failure(error) }
        guard
            let message = Decoded(
                [UInt8](any.pointee.value), containerd__runc__v1__checkpoint_options__unpack,
                containerd__runc__v1__checkpoint_options__free_unpacked)
        else {
            return .failure(.invalid("containerd.runc.v1.CheckpointOptions cannot be decoded"))
        }
        let value = message.value
        arguments.exits = value.exit != 0
        arguments.opensTCP = value.open_tcp != 0
        arguments.hasExternalUnixSockets = value.external_unix_sockets != 0
        arguments.hasTerminal = value.terminal != 0
        arguments.hasFileLocks = value.file_locks != 0
        arguments.emptyNamespaces = (0..<value.n_empty_namespaces).map { Text(value.empty_namespaces?[$0]) }
        arguments.parentPath = Text(value.parent_path)
        let work = Text(value.work_path)
        if !work.isEmpty { arguments.workPath = work }
        return .success(arguments)
    }
}
