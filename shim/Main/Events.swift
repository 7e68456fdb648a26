import CShim

/// The events of a task, in containerd's words.
extension Server {
    func publishCreate(_ container: Container, rootfs: [MountRequest]) {
        let arena = Arena()
        let process = container.initProcess
        var io = Containerd__Events__TaskIO()
        containerd__events__task_io__init(&io)
        io.stdin = arena.string(process.stdinPath)
        io.stdout = arena.string(process.stdoutPath)
        io.stderr = arena.string(process.stderrPath)
        io.terminal = process.isTerminal ? 1 : 0
        let mounts = rootfs.map { request in
            var mount = Containerd__Types__Mount()
            containerd__types__mount__init(&mount)
            mount.type = arena.string(request.type)
            mount.source = arena.string(request.source)
            mount.target = arena.string(request.target)
            mount.n_options = request.options.count
            mount.options = arena.strings(request.options)
            return mount
        }
        var event = Containerd__Events__TaskCreate()
        containerd__events__task_create__init(&event)
        event.container_id = arena.string(container.id)
        event.bundle = arena.string(container.bundle)
        event.n_rootfs = mounts.count
        event.rootfs = arena.pointers(mounts)
        event.io = arena.place(io)
        event.checkpoint = arena.string(container.checkpoint?.imagePath ?? "")
        event.pid = UInt32(process.pid)
        publish("/tasks/create", "containerd.events.TaskCreate", packed(&event))
    }

    func publishStart(_ container: Container, _ process: TaskProcess) {
        let arena = Arena()
        if process.isInit {
            var event = Containerd__Events__TaskStart()
            containerd__events__task_start__init(&event)
            event.container_id = arena.string(container.id)
            event.pid = UInt32(process.pid)
            publish("/tasks/start", "containerd.events.TaskStart", packed(&event))
        } else {
            var event = Containerd__Events__TaskExecStarted()
            containerd__events__task_exec_started__init(&event)
            event.container_id = arena.string(container.id)
            event.exec_id = arena.string(process.execID)
            event.pid = UInt32(process.pid)
            publish("/tasks/exec-started", "containerd.events.TaskExecStarted", packed(&event))
        }
    }

    func publishExit(_ container: Container, _ process: TaskProcess, _ status: ExitStatus) {
        let arena = Arena()
        var event = Containerd__Events__TaskExit()
        containerd__events__task_exit__init(&event)
        event.container_id = arena.string(container.id)
        event.id = arena.string(process.isInit ? container.id : process.execID)
        event.pid = UInt32(process.pid)
        event.exit_status = status.code
        event.exited_at = arena.timestamp(status.at)
        publish("/tasks/exit", "containerd.events.TaskExit", packed(&event))
    }

    func publishDelete(_ container: Container) {
        let arena = Arena()
        let process = container.initProcess
        var event = Containerd__Events__TaskDelete()
        containerd__events__task_delete__init(&event)
        event.container_id = arena.string(container.id)
        event.pid = UInt32(process.pid)
        event.exit_status = process.exit?.code ?? 0
        event.exited_at = arena.timestamp(process.exit?.at ?? .never)
        publish("/tasks/delete", "containerd.events.TaskDelete", packed(&event))
    }

    func publishExecAdded(_ container: Container, _ process: TaskProcess) {
        let arena = Arena()
        var event = Containerd__Events__TaskExecAdded()
        containerd__events__task_exec_added__init(&event)
        event.container_id = arena.string(container.id)
        event.exec_id = arena.string(process.execID)
        publish("/tasks/exec-added", "containerd.events.TaskExecAdded", packed(&event))
    }

    func publishPaused(_ container: Container) {
        let arena = Arena()
        var event = Containerd__Events__TaskPaused()
        containerd__events__task_paused__init(&event)
        event.container_id = arena.string(container.id)
        publish("/tasks/paused", "containerd.events.TaskPaused", packed(&event))
    }

    func publishResumed(_ container: Container) {
        let arena = Arena()
        var event = Containerd__Events__TaskResumed()
        containerd__events__task_resumed__init(&event)
        event.container_id = arena.string(container.id)
        publish("/tasks/resumed", "containerd.events.TaskResumed", packed(&event))
    }

    func publishCheckpointed(_ container: Container, _ path: Text) {
        let arena = Arena()
        var event = Containerd__Events__TaskCheckpointed()
        containerd__events__task_checkpointed__init(&event)
        event.container_id = arena.string(container.id)
        event.checkpoint = arena.string(path)
        publish("/tasks/checkpointed", "containerd.events.TaskCheckpointed", packed(&event))
    }

    func publishOOM(_ container: Container) {
        let arena = Arena()
        var event = Containerd__Events__TaskOOM()
        containerd__events__task_oom__init(&event)
        event.container_id = arena.string(container.id)
        publish("/tasks/oom", "containerd.events.TaskOOM", packed(&event))
    }

    private func publish(_ topic: Text, _ type: Text, _ event: [UInt8]) {
        let arena = Arena()
        var envelope = Containerd__Services__Events__Ttrpc__V1__Envelope()
        containerd__services__events__ttrpc__v1__envelope__init(&envelope)
        envelope.timestamp = arena.timestamp(Clock.now())
        envelope.namespace_ = arena.string(arguments.namespace)
        envelope.topic = arena.string(topic)
        envelope.event = arena.any(type, event)
        var request = Containerd__Services__Events__Ttrpc__V1__ForwardRequest()
        containerd__services__events__ttrpc__v1__forward_request__init(&request)
        request.envelope = arena.place(envelope)
        publisher.publish(packed(&request))
    }
}
