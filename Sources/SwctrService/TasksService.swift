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
                detach: request.detach, pidFile: request.pidFile)
            let started = try await engine.run(
                request.container, start: start, autoRemove: request.autoRemove, in: try call.namespace)
            try await report(started, detach: request.detach, to: answers)
        }
        router.serverStream(ServiceName.tasks, "Start") {
            (request: Swctr_V1_StartTaskRequest, answers: RPCResponder<Swctr_V1_ProcessEvent>, call) in
            let start = StartOptions(
                stdio: TaskStdio(request.stdio), consoleSize: request.hasConsoleSize ? .init(request.consoleSize) : nil,
                detach: request.detach, pidFile: request.pidFile)
            let started = try await engine.start(try TaskKey(call, request.id), start)
            try await report(started, detach: request.detach, to: answers)
        }
        router.serverStream(ServiceName.tasks, "Exec") {
            (request: Swctr_V1_ExecRequest, answers: RPCResponder<Swctr_V1_ProcessEvent>, call) in
            let started = try await engine.exec(
                try TaskKey(call, request.id), request, stdio: TaskStdio(request.stdio),
                consoleSize: request.hasConsoleSize ? .init(request.consoleSize) : nil)
            try await report(started, detach: request.detach, to: answers)
        }
    }

    private func report(
        _ started: StartedTask, detach: Bool, to answers: RPCResponder<Swctr_V1_ProcessEvent>
    ) async throws {
        try await answers.send(.with { $0.started.pid = started.pid })
        guard !detach, let end = started.end else { return }
        let exit = try await end.value
        try await answers.send(.with { $0.exited = Swctr_V1_ProcessExited(exit) })
    }

    private func registerLooking(on router: inout RPCRouter) {
        router.unary(ServiceName.tasks, "Get") {
            (request: Swctr_V1_GetTaskRequest, call) -> Swctr_V1_GetTaskResponse in
            let key = try TaskKey(call, request.id)
            let state = try await tasks.state(key, try ExecID(optional: request.execID))
            return .with { $0.task = Swctr_V1_TaskInfo(state) }
        }
        router.unary(ServiceName.tasks, "List") {
            (_: Swctr_V1_ListTasksRequest, call) -> Swctr_V1_ListTasksResponse in
            let states = try await tasks.list(try call.namespace)
            return .with { $0.tasks = states.map { Swctr_V1_TaskInfo($0) } }
        }
        router.unary(ServiceName.tasks, "Wait") {
            (request: Swctr_V1_WaitTaskRequest, call) -> Swctr_V1_WaitTaskResponse in
            let key = try TaskKey(call, request.id)
            let execID = try ExecID(optional: request.execID)
            let exit = execID == nil ? try await engine.wait(key) : try await tasks.wait(key, execID)
            return .with { $0.exited = Swctr_V1_ProcessExited(exit) }
        }
        router.unary(ServiceName.tasks, "Processes") {
            (request: Swctr_V1_ListProcessesRequest, call) -> Swctr_V1_ListProcessesResponse in
            let processes = try await tasks.pids(try TaskKey(call, request.id))
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
            try await kill(try TaskKey(call, request.id), request)
            return Swctr_V1_KillTaskResponse()
        }
        router.unary(ServiceName.tasks, "Pause") {
            (request: Swctr_V1_PauseTaskRequest, call) -> Swctr_V1_PauseTaskResponse in
            try await tasks.pause(try TaskKey(call, request.id))
            return Swctr_V1_PauseTaskResponse()
        }
        router.unary(ServiceName.tasks, "Resume") {
            (request: Swctr_V1_ResumeTaskRequest, call) -> Swctr_V1_ResumeTaskResponse in
            try await tasks.resume(try TaskKey(call, request.id))
            return Swctr_V1_ResumeTaskResponse()
        }
        router.unary(ServiceName.tasks, "Delete") {
            (request: Swctr_V1_DeleteTaskRequest, call) -> Swctr_V1_DeleteTaskResponse in
            let key = try TaskKey(call, request.id)
            let execID = try ExecID(optional: request.execID)
            if request.force { try await killAndWait(key, execID) }
            let exit = try await tasks.delete(key, execID)
            return .with { $0.exited = Swctr_V1_ProcessExited(exit) }
        }
        router.unary(ServiceName.tasks, "ResizePty") {
            (request: Swctr_V1_ResizeTaskPtyRequest, call) -> Swctr_V1_ResizeTaskPtyResponse in
            try await tasks.resize(
                try TaskKey(call, request.id), try ExecID(optional: request.execID), ConsoleSize(request.size))
            return Swctr_V1_ResizeTaskPtyResponse()
        }
        router.unary(ServiceName.tasks, "CloseIO") {
            (request: Swctr_V1_CloseTaskIORequest, call) -> Swctr_V1_CloseTaskIOResponse in
            try await tasks.closeIO(try TaskKey(call, request.id), try ExecID(optional: request.execID))
            return Swctr_V1_CloseTaskIOResponse()
        }
    }

    private func kill(_ key: TaskKey, _ request: Swctr_V1_KillTaskRequest) async throws {
        let execID = try ExecID(optional: request.execID)
        if execID != nil, request.all {
            throw EngineError(
                .invalidArgument, subject: "task \"\(key.id)\"", message: "an exec id and all processes exclude each other")
        }
        var signal = Int32(clamping: request.signal)
        if signal == 0 {
            // The container may be gone while its task is not: then the default serves.
            let record = try? await engine.container(key)
            signal = record?.labels[ContainerEngine.stopSignalLabel].flatMap(Signal.parse) ?? SIGTERM
        }
        guard (1...64).contains(signal) else {
            throw EngineError(
                .invalidArgument, subject: "task \"\(key.id)\"", message: "signal \(signal) is out of range (1 to 64)")
        }
        try await tasks.kill(key, execID, signal: signal, all: request.all)
    }

    private func killAndWait(_ key: TaskKey, _ execID: ExecID?) async throws {
        let state = try await tasks.state(key, execID)
        guard state.status != .stopped, state.status != .created else { return }
        do {
            try await tasks.kill(key, execID, signal: SIGKILL, all: execID == nil)
        } catch let error as EngineError where error.code == .notFound {
            // It ended in this moment.
        }
        _ = try await tasks.wait(key, execID)
    }
}
