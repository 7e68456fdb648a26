import Foundation
import Logging
import SwctrCore
import SwctrLinux
import SwctrMetadata
import SwctrProto
import SwctrRuntime
import SwiftProtobuf

extension TaskHandle {
    /// Launches the shim and creates the container in it. The task's row is stored already, so that whatever is left
    /// by a manager that dies in here is named.
    ///
    /// - Parameter mounts: prepares the root file system, while the shim is being launched.
    /// - Throws: what failed; everything is undone by then, the row included.
    func create(
        _ request: TaskRequest, mounts: @escaping @Sendable () async throws -> [Mount]
    ) async throws(EngineError) {
        var steps = StepTimer("create", log: log)
        do {
            let options = try request.options.packed()
            try bundle.create(config: request.spec)
            drain = try ShimLogDrain(fifo: bundle.log, log: log)
            steps.done("bundle")
            async let prepared = mounts()
            let answer = try await environment.launcher.start(
                request.runtime, bundle, namespace: namespace, id: id, options: options)
            steps.done("shim start")
            record.shimAddress = answer.address
            record.shimVersion = answer.version
            async let stored: Void = store()
            let shim = try await connect(to: answer)
            self.shim = shim
            steps.done("shim connect")
            let rootfs = try await prepared
            steps.done("snapshot")
            async let described = shim.connect()
            let pid = try await shim.create(message(request, rootfs, options))
            steps.done("shim create")
            try await stored
            record.shimPid = (try? await described).map { Int32(clamping: $0.shimPid) }
            record.pid = Int32(clamping: pid)
            note(.created(pid: pid), of: first)
            watchConnection(of: shim)
            if let size = request.consoleSize, request.stdio.terminal {
                try await shim.resizePty(nil, width: size.width, height: size.height)
            }
        } catch {
            await abandon()
            throw EngineError(wrapping: error).during("create task")
        }
    }

    /// Starts the first process. From here on its exit is watched.
    ///
    /// - Throws: what failed; the task is then gone, as after a `create` that failed.
    public func start() async throws(EngineError) {
        var steps = StepTimer("start", log: log)
        let shim = try connectedShim()
        try apply(.startRequested, to: first)
        do {
            let pid = try await shim.start(nil)
            steps.done("shim start")
            let effect = note(.started(pid: pid), of: first)
            record.pid = Int32(clamping: first.phase.pid)
            record.status = first.phase.state.status
            if case .exited(let exit) = effect { record.note(exit) }
            let record = record
            try await environment.store.write { transaction in
                try transaction.updateTask(record)
                // From now on the row alone says all that there is to say.
                try transaction.removeIntents(record.namespace, .run, subject: record.id.rawValue)
            }
            steps.done("store")
            watch(first)
            if case .exited(let exit) = effect { announce(exit, of: first) }
        } catch {
            note(.startFailed, of: first)
            await abandon()
            throw EngineError(wrapping: error).during("start task")
        }
    }

    private func message(
        _ request: TaskRequest, _ rootfs: [Mount], _ options: Google_Protobuf_Any?
    ) -> Containerd_Task_V2_CreateTaskRequest {
        var message = Containerd_Task_V2_CreateTaskRequest()
        message.id = id.rawValue
        message.bundle = bundle.path
        message.rootfs = rootfs.map { mount in
            var item = Containerd_Types_Mount()
            item.type = mount.type
            item.source = mount.source
            item.target = mount.target
            item.options = mount.options
            return item
        }
        message.terminal = request.stdio.terminal
        message.stdin = request.stdio.stdin
        let stdio = request.runtime.isOwn ? request.stdio : request.stdio.complete
        message.stdout = stdio.stdout
        message.stderr = stdio.stderr
        if let options { message.options = options }
        return message
    }

    func connect(to answer: BootstrapAnswer) async throws(EngineError) -> ShimClient {
        try await ShimClient.connect(
            to: answer, namespace: namespace, id: id, timeouts: configuration.timeouts,
            eventLoops: environment.eventLoops, log: log)
    }

    /// Undoes a task that never came to run, from whatever point it had reached, and forgets it.
    func abandon() async {
        isClosing = true
        if let shim {
            // As containerd does: the container may exist although Create failed.
            if first.phase.pid != 0 { try? await shim.kill(nil, signal: 9, all: true) }
            _ = try? await shim.delete(nil)
            try? await shim.shutdown()
            await shim.close()
        }
        shim = nil
        _ = await environment.launcher.cleanUp(record.shimBinary, bundle, namespace: namespace, id: id)
        do {
            try await free()
            try await removeRows(.undone)
        } catch {
            // The row stays and names what is left: the next start of the manager, or `tasks delete`, goes on with it.
            log.error("task could not be undone", metadata: ["error": "\(error)"])
            first.phase = TaskPhase(restoring: .stopped, pid: first.phase.pid, exit: first.phase.exit)
            isClosing = false
            return
        }
        note(.deleted, of: first)
        finish()
    }

    /// Frees by force what a shim would have freed in an orderly end: its own process and helpers, the container's
    /// cgroup, mounts, the bundle.
    func free(keepingBundle: Bool = false) async throws(EngineError) {
        drain?.stop()
        drain = nil
        let bundle = bundle
        let timeout = configuration.timeouts.kill
        // Only the group that is named after this very container is certainly nobody else's.
        let cgroup = "/\(namespace)/\(id)"
        try await BlockingWork.run { () throws(EngineError) in
            try ProcessSearch.killAll(inDirectory: bundle.path, timeout: timeout)
            try Cgroup(path: cgroup).killAndRemove(timeout: timeout)
            if keepingBundle {
                try MountTable.unmountAll(below: bundle.path)
            } else {
                try bundle.remove()
            }
        }
    }

    /// Tells those who wait, and leaves the manager's table.
    func finish() {
        drain?.stop()
        drain = nil
        let never = EngineError(.notFound, subject: subject, message: "was deleted before it ran")
        for entry in [first] + execs.values { entry.ended.set(.failure(never)) }
        unregister(self)
        gone.set(.success(()))
    }
}

extension TaskRecord {
    mutating func note(_ exit: ProcessExit) {
        status = .stopped
        exitStatus = exit.status.code
        exitedAt = exit.exitedAt
        exitReason = exit.reason
    }

    /// The exit as it was recorded.
    var exit: ProcessExit? {
        guard let exitStatus else { return nil }
        return ProcessExit(
            status: ExitStatus(code: exitStatus), exitedAt: exitedAt ?? createdAt, reason: exitReason)
    }
}
