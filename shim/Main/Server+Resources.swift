import CShim

/// Stats and Update: what a container uses, and what it may use.
extension Server {
    /// Begins to look after the cgroup of a container whose init there now is.
    func watchResources(_ container: Container) {
        container.cgroups = CgroupPath(Files.read("/proc/\(container.initProcess.pid)/cgroup") ?? "")
        if Cgroups.isUnified, let path = container.cgroups.unified { Cgroups.enableControllers(path) }
        container.oomWatch = OOMWatch(loop: loop, cgroups: container.cgroups) { [self] in publishOOM(container) }
        if container.oomWatch == nil, Cgroups.directory(of: container.cgroups, controller: "memory") != nil {
            log.warning(SystemError("watch the memory of \(container.id)").text)
        }
    }

    func stats(_ call: Call, _ payload: [UInt8]) {
        guard
            let request = Decoded(
                payload, containerd__task__v2__stats_request__unpack, containerd__task__v2__stats_request__free_unpacked
            )
        else {
            failUndecodable(call)
            return
        }
        guard let container = find(Text(request.value.id), call) else { return }
        guard let (type, metrics) = readMetrics(container.cgroups) else {
            call.fail(RPCError(.notFound, "cgroup does not exist: not found"))
            return
        }
        let arena = Arena()
        var response = Containerd__Task__V2__StatsResponse()
        containerd__task__v2__stats_response__init(&response)
        response.stats = arena.any(type, metrics)
        call.reply(packed(&response))
    }

    /// Nil if the container's cgroups are gone.
    private func readMetrics(_ cgroups: CgroupPath) -> (type: Text, bytes: [UInt8])? {
        if Cgroups.isUnified {
            guard let directory = Cgroups.directory(of: cgroups, controller: "") else { return nil }
            let bytes = CgroupMetrics.v2 { Files.read(directory.appending(component: $0), limit: 1 << 20) }
            return (CgroupMetrics.typeV2, bytes)
        }
        let controllers: [Text] = ["memory", "cpu", "cpuacct", "pids", "blkio"]
        guard controllers.contains(where: { Cgroups.directory(of: cgroups, controller: $0) != nil }) else { return nil }
        let bytes = CgroupMetrics.v1 { controller, file in
            Cgroups.directory(of: cgroups, controller: controller).flatMap {
                Files.read($0.appending(component: file), limit: 1 << 20)
            }
        } device: { numbers in
            // The link ends in the device's name, as in ../../devices/…/block/sda.
            let target = Files.readLink("/sys/dev/block/" + numbers)
            return target.lastIndex(of: 0x2f).map { "/dev/" + target.dropFirst($0 + 1) } ?? ""
        }
        return (CgroupMetrics.typeV1, bytes)
    }

    func update(_ call: Call, _ payload: [UInt8]) {
        guard
            let request = Decoded(
                payload, containerd__task__v2__update_task_request__unpack,
                containerd__task__v2__update_task_request__free_unpacked)
        else {
            failUndecodable(call)
            return
        }
        guard let container = find(Text(request.value.id), call) else { return }
        let resources = request.value.resources.map { [UInt8]($0.pointee.value) } ?? []
        guard !resources.isEmpty else {
            call.fail(.invalid("update of \(container.id) names no resources"))
            return
        }
        container.enqueue { [self] in
            update(call, container, resources)
        }
    }

    private func update(_ call: Call, _ container: Container, _ resources: [UInt8]) {
        let input = OwnedFD(adopting: shim_memory_file())
        if let refusal = container.initProcess.phase.refusal(of: .update) {
            call.fail(refusal)
            container.finishOperation()
            return
        }
        guard input.isOpen, Files.writeAll(input.raw, resources), lseek(input.raw, 0, SEEK_SET) == 0 else {
            call.fail(RPCError(.unknown, SystemError("hold resources of \(container.id)").text))
            container.finishOperation()
            return
        }
        runRuntime(
            container.options, bundle: container.bundle, ["update", "--resources=-", container.id], .input(input.raw),
            timeout: call.timeout
        ) { [self] result in
            if result.isSuccess {
                call.replyEmpty()
            } else {
                call.fail(runtimeError("OCI runtime update failed", result, bundle: container.bundle))
            }
            container.finishOperation()
        }
    }
}
