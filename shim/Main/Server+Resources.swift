import CShim

/// Stats and Update: what a container uses, and what it may use.
extension Server {
    private static var mountPoint: Text { "/sys/fs/cgroup" }

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
        let isUnified = Text("/sys/fs/cgroup/cgroup.controllers").withCString { access($0, F_OK) } == 0
        let metrics = isUnified ? readV2(container.cgroups) : readV1(container.cgroups)
        guard !metrics.isEmpty else {
            call.fail(RPCError(.notFound, "cgroup does not exist: not found"))
            return
        }
        let arena = Arena()
        var response = Containerd__Task__V2__StatsResponse()
        containerd__task__v2__stats_response__init(&response)
        response.stats = arena.any(isUnified ? CgroupMetrics.typeV2 : CgroupMetrics.typeV1, metrics)
        call.reply(packed(&response))
    }

    private func readV2(_ cgroups: CgroupPath) -> [UInt8] {
        guard let path = cgroups.unified else { return [] }
        let directory = Self.mountPoint + path
        return CgroupMetrics.v2 { Files.read(directory.appending(component: $0), limit: 1 << 20) }
    }

    private func readV1(_ cgroups: CgroupPath) -> [UInt8] {
        CgroupMetrics.v1 { controller, file in
            cgroups.path(controller: controller).flatMap {
                let directory = Self.mountPoint.appending(component: controller) + $0
                return Files.read(directory.appending(component: file), limit: 1 << 20)
            }
        } device: { numbers in
            // The link ends in the device's name, as in ../../devices/…/block/sda.
            let target = Files.readLink("/sys/dev/block/" + numbers)
            return target.lastIndex(of: 0x2f).map { "/dev/" + target.dropFirst($0 + 1) } ?? ""
        }
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
