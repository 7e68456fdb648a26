import Foundation
import SwctrCore
public import SwctrEngine
import SwctrLinux
import SwctrMetadata
import SwctrProto
public import SwctrRPC
public import SwctrTasks
import SwctrWire
import SwiftProtobuf

/// `swctr.v1.Tasks`.
public struct TasksService: Sendable {
    let engine: ContainerEngine
    let tasks: TaskManager

    public init(engine: ContainerEngine, tasks: TaskManager) {
        self.engine = engine
        self.tasks = tasks
    }

    /// Adds the service's methods.
    public func register(on router: inout RPCRouter) {
        registerStarting(on: &router)
        registerLooking(on: &router)
        registerSteering(on: &router)
    }

    /// The calls that make a process and stay with it.
    private func registerStarting(on router: inout RPCRouter) {
        router.serverStream(ServiceName.tasks, "Run") {
            (request: Swctr_V1_RunRequest, answers: RPCResponder<Swctr_V1_ProcessEvent>, call) in
            let start = StartOptions(
                stdio: TaskStdio(request.stdio), consoleSize: request.hasConsoleSize ? .init(request.consoleSize) : nil,
                detach: request.detach, pidFile: request.pidFile, noPivot: request.noPivot, network: request.cni)
            let task = try await engine.run(
                request.container, start: start, autoRemove: request.autoRemove, in: try call.namespace)
            try await report(task, detach: request.detach, to: answers)
        }
        router.serverStream(ServiceName.tasks, "Start") {
            (request: Swctr_V1_StartTaskRequest, answers: RPCResponder<Swctr_V1_ProcessEvent>, call) in
            let start = StartOptions(
                stdio: TaskStdio(request.stdio), consoleSize: request.hasConsoleSize ? .init(request.consoleSize) : nil,
                detach: request.detach, pidFile: request.pidFile, noPivot: request.noPivot)
            let task = try await engine.start(try await engine.locate(try call.namespace, request.id), start)
            try await report(task, detach: request.detach, to: answers)
        }
        router.serverStream(ServiceName.tasks, "Exec") {
            (request: Swctr_V1_ExecRequest, answers: RPCResponder<Swctr_V1_ProcessEvent>, call) in
            let key = try await engine.locate(try call.namespace, request.id)
            let execID = try ExecID(request.execID)
            let pid = try await engine.exec(
                key, execID, request, stdio: TaskStdio(request.stdio),
                consoleSize: request.hasConsoleSize ? .init(request.consoleSize) : nil)
            try await answers.send(.with { $0.started.pid = pid })
            if request.detach { return }
            let exit = try await tasks.wait(key.namespace, key.id, execID: execID)
            try await answers.send(.with { $0.exited = Swctr_V1_ProcessExited(exit) })
        }
    }

    /// Says that it runs; and to a caller who stays, how it ended, once it is gone.
    private func report(
        _ task: TaskHandle, detach: Bool, to answers: RPCResponder<Swctr_V1_ProcessEvent>
    ) async throws {
        let pid = try await task.snapshot().pid
        try await answers.send(.with { $0.started.pid = pid })
        if detach { return }
        // Of this very task: its name may be another's by the time it is gone.
        let exit = try await task.waitAndSettle()
        try await answers.send(.with { $0.exited = Swctr_V1_ProcessExited(exit) })
    }

    private func registerLooking(on router: inout RPCRouter) {
        router.unary(ServiceName.tasks, "Get") {
            (request: Swctr_V1_GetTaskRequest, call) -> Swctr_V1_GetTaskResponse in
            let state = try await task(call, request.id).snapshot(of: try ExecID(optional: request.execID))
            return .with { $0.task = Swctr_V1_TaskInfo(state) }
        }
        router.unary(ServiceName.tasks, "List") {
            (_: Swctr_V1_ListTasksRequest, call) -> Swctr_V1_ListTasksResponse in
            var response = Swctr_V1_ListTasksResponse()
            for task in tasks.tasks(in: try call.namespace) {
                response.tasks.append(Swctr_V1_TaskInfo(try await task.snapshot()))
            }
            return response
        }
        router.unary(ServiceName.tasks, "Wait") {
            (request: Swctr_V1_WaitTaskRequest, call) -> Swctr_V1_WaitTaskResponse in
            let key = try await engine.locate(try call.namespace, request.id)
            let exit = try await tasks.wait(key.namespace, key.id, execID: try ExecID(optional: request.execID))
            return .with { $0.exited = Swctr_V1_ProcessExited(exit) }
        }
        router.unary(ServiceName.tasks, "Metrics") {
            (request: Swctr_V1_TaskMetricsRequest, call) -> Swctr_V1_TaskMetricsResponse in
            let metrics = try await task(call, request.id).metrics()
            return .with {
                $0.timestamp = Google_Protobuf_Timestamp(date: Date())
                $0.metrics = metrics
            }
        }
        router.unary(ServiceName.tasks, "Processes") {
            (request: Swctr_V1_ListProcessesRequest, call) -> Swctr_V1_ListProcessesResponse in
            let processes = try await task(call, request.id).processes()
            return .with {
                $0.processes = processes.map { process in
                    .with {
                        $0.pid = process.pid
                        $0.execID = process.execID
                    }
                }
            }
        }
    }

    private func registerSteering(on router: inout RPCRouter) {
        router.unary(ServiceName.tasks, "Kill") {
            (request: Swctr_V1_KillTaskRequest, call) -> Swctr_V1_KillTaskResponse in
            try await kill(try await engine.locate(try call.namespace, request.id), request)
            return Swctr_V1_KillTaskResponse()
        }
        router.unary(ServiceName.tasks, "Pause") {
            (request: Swctr_V1_PauseTaskRequest, call) -> Swctr_V1_PauseTaskResponse in
            try await task(call, request.id).pause()
            return Swctr_V1_PauseTaskResponse()
        }
        router.unary(ServiceName.tasks, "Resume") {
            (request: Swctr_V1_ResumeTaskRequest, call) -> Swctr_V1_ResumeTaskResponse in
            try await task(call, request.id).resume()
            return Swctr_V1_ResumeTaskResponse()
        }
        router.unary(ServiceName.tasks, "Delete") {
            (request: Swctr_V1_DeleteTaskRequest, call) -> Swctr_V1_DeleteTaskResponse in
            let task = try await task(call, request.id)
            let execID = try ExecID(optional: request.execID)
            // To its end, even when the caller does not wait for it.
            let exit = try await Task { try await task.delete(execID, force: request.force) }.value
            return .with { if let exit { $0.exited = Swctr_V1_ProcessExited(exit) } }
        }
        router.unary(ServiceName.tasks, "ResizePty") {
            (request: Swctr_V1_ResizeTaskPtyRequest, call) -> Swctr_V1_ResizeTaskPtyResponse in
            let execID = try ExecID(optional: request.execID)
            try await task(call, request.id).resizePty(execID, to: ConsoleSize(request.size))
            return Swctr_V1_ResizeTaskPtyResponse()
        }
        router.unary(ServiceName.tasks, "CloseIO") {
            (request: Swctr_V1_CloseTaskIORequest, call) -> Swctr_V1_CloseTaskIOResponse in
            try await task(call, request.id).closeStdin(try ExecID(optional: request.execID))
            return Swctr_V1_CloseTaskIOResponse()
        }
    }

    private func task(_ call: CallContext, _ id: String) async throws -> TaskHandle {
        let key = try await engine.locate(try call.namespace, id)
        return try tasks.task(key.namespace, key.id)
    }

    private func kill(_ key: ContainerKey, _ request: Swctr_V1_KillTaskRequest) async throws {
        let task = try tasks.task(key.namespace, key.id)
        let execID = try ExecID(optional: request.execID)
        if execID != nil, request.all {
            throw EngineError(
                .invalidArgument, subject: "task \"\(key.id)\"",
                message: "an exec id and all processes exclude each other")
        }
        var signal = request.signal
        if signal == 0 {
            let label = try await engine.container(key).labels[ContainerEngine.stopSignalLabel]
            signal = UInt32(label.flatMap(Signal.parse) ?? SIGTERM)
        }
        guard (1...64).contains(signal) else {
            throw EngineError(
                .invalidArgument, subject: "task \"\(key.id)\"", message: "signal \(signal) is out of range (1 to 64)")
        }
        try await task.kill(execID, signal: signal, all: request.all)
    }
}
