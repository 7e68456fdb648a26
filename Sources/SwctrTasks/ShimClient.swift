import Foundation
import Logging
import NIOCore
import SwctrCore
import SwctrProto
import SwctrRPC
import SwctrWire
import SwiftProtobuf
import Synchronization

/// Typed calls to the shim of one container. Every call has a deadline but `wait`.
final class ShimClient: Sendable {
    private let rpc: RPCClient
    private let namespace: Namespace
    private let id: ContainerID
    private let timeouts: TaskConfiguration.Timeouts
    /// Of the task service, as announced; 2 once a shim that announced 3 turned out not to have it.
    private let version: Mutex<Int>

    private init(
        rpc: RPCClient, version: Int, namespace: Namespace, id: ContainerID, timeouts: TaskConfiguration.Timeouts
    ) {
        self.rpc = rpc
        self.namespace = namespace
        self.id = id
        self.timeouts = timeouts
        self.version = Mutex(version)
    }

    /// Connects once: by contract the socket listens before `start` has answered, so a missing one is an error and not
    /// a matter of time.
    static func connect(
        to answer: BootstrapAnswer, namespace: Namespace, id: ContainerID, timeouts: TaskConfiguration.Timeouts,
        eventLoops: any EventLoopGroup, log: Logger
    ) async throws(EngineError) -> ShimClient {
        do {
            let rpc = try await RPCClient.connect(
                to: answer.socketPath, timeout: timeouts.connect, eventLoops: eventLoops, log: log)
            return ShimClient(rpc: rpc, version: answer.version, namespace: namespace, id: id, timeouts: timeouts)
        } catch {
            throw EngineError(wrapping: error).during("connect to shim")
        }
    }

    func close() async { await rpc.close() }
    func waitUntilClosed() async { await rpc.waitUntilClosed() }

    // MARK: The task's life

    func create(_ request: Containerd_Task_V2_CreateTaskRequest) async throws(EngineError) -> UInt32 {
        try await call("Create", request, Containerd_Task_V2_CreateTaskResponse.self, timeouts.create).pid
    }

    func start(_ execID: ExecID?) async throws(EngineError) -> UInt32 {
        var request = Containerd_Task_V2_StartRequest()
        request.id = id.rawValue
        request.execID = execID?.rawValue ?? ""
        return try await call("Start", request, Containerd_Task_V2_StartResponse.self, timeouts.create).pid
    }

    func exec(
        _ execID: ExecID, process: [UInt8], stdio: TaskStdio
    ) async throws(EngineError) {
        var request = Containerd_Task_V2_ExecProcessRequest()
        request.id = id.rawValue
        request.execID = execID.rawValue
        request.terminal = stdio.terminal
        request.stdin = stdio.stdin
        request.stdout = stdio.stdout
        request.stderr = stdio.stderr
        request.spec.typeURL = "types.containerd.io/opencontainers/runtime-spec/1/Process"
        request.spec.value = Data(process)
        _ = try await call("Exec", request, Google_Protobuf_Empty.self, timeouts.control)
    }

    func delete(_ execID: ExecID?) async throws(EngineError) -> ShimLauncher.CleanUpReport {
        var request = Containerd_Task_V2_DeleteRequest()
        request.id = id.rawValue
        request.execID = execID?.rawValue ?? ""
        let response = try await call(
            "Delete", request, Containerd_Task_V2_DeleteResponse.self, timeouts.delete)
        return ShimLauncher.CleanUpReport(
            pid: response.pid,
            exit: ProcessExit(
                status: ExitStatus(code: response.exitStatus), exitedAt: response.exitedAt.exitDate ?? Date()))
    }

    /// Asks the shim to end. One that is gone before it answered has done what was asked.
    func shutdown() async throws(EngineError) {
        var request = Containerd_Task_V2_ShutdownRequest()
        request.id = id.rawValue
        do throws(EngineError) {
            _ = try await call("Shutdown", request, Google_Protobuf_Empty.self, timeouts.shutdown)
        } catch {
            if error.code != .unavailable { throw error }
        }
    }

    /// Returns when the process has ended; there is no deadline. It may be asked again at any time until Delete.
    func wait(_ execID: ExecID?) async throws(EngineError) -> ProcessExit {
        var request = Containerd_Task_V2_WaitRequest()
        request.id = id.rawValue
        request.execID = execID?.rawValue ?? ""
        let response = try await call("Wait", request, Containerd_Task_V2_WaitResponse.self, nil)
        guard let exitedAt = response.exitedAt.exitDate else {
            // An exec that never ran "ends" with status 0 and Go's zero time: that is no exit.
            throw EngineError(.failedPrecondition, operation: "wait", message: "the process has not run")
        }
        return ProcessExit(status: ExitStatus(code: response.exitStatus), exitedAt: exitedAt)
    }

    // MARK: Questions

    /// Answers to these come while the runtime works; a shim that does not answer in time hangs.
    func state(_ execID: ExecID?) async throws(EngineError) -> Containerd_Task_V2_StateResponse {
        var request = Containerd_Task_V2_StateRequest()
        request.id = id.rawValue
        request.execID = execID?.rawValue ?? ""
        return try await call("State", request, Containerd_Task_V2_StateResponse.self, timeouts.state)
    }

    func connect() async throws(EngineError) -> Containerd_Task_V2_ConnectResponse {
        var request = Containerd_Task_V2_ConnectRequest()
        request.id = id.rawValue
        return try await call("Connect", request, Containerd_Task_V2_ConnectResponse.self, timeouts.connect)
    }

    func pids() async throws(EngineError) -> [Containerd_Task_V2_ProcessInfo] {
        var request = Containerd_Task_V2_PidsRequest()
        request.id = id.rawValue
        return try await call("Pids", request, Containerd_Task_V2_PidsResponse.self, timeouts.control).processes
    }

    func stats() async throws(EngineError) -> Google_Protobuf_Any {
        var request = Containerd_Task_V2_StatsRequest()
        request.id = id.rawValue
        return try await call("Stats", request, Containerd_Task_V2_StatsResponse.self, timeouts.control).stats
    }

    // MARK: Orders

    func kill(_ execID: ExecID?, signal: UInt32, all: Bool) async throws(EngineError) {
        var request = Containerd_Task_V2_KillRequest()
        request.id = id.rawValue
        request.execID = execID?.rawValue ?? ""
        request.signal = signal
        request.all = all
        _ = try await call("Kill", request, Google_Protobuf_Empty.self, timeouts.control)
    }

    func pause() async throws(EngineError) {
        var request = Containerd_Task_V2_PauseRequest()
        request.id = id.rawValue
        _ = try await call("Pause", request, Google_Protobuf_Empty.self, timeouts.control)
    }

    func resume() async throws(EngineError) {
        var request = Containerd_Task_V2_ResumeRequest()
        request.id = id.rawValue
        _ = try await call("Resume", request, Google_Protobuf_Empty.self, timeouts.control)
    }

    func resizePty(_ execID: ExecID?, width: UInt32, height: UInt32) async throws(EngineError) {
        var request = Containerd_Task_V2_ResizePtyRequest()
        request.id = id.rawValue
        request.execID = execID?.rawValue ?? ""
        request.width = width
        request.height = height
        _ = try await call("ResizePty", request, Google_Protobuf_Empty.self, timeouts.control)
    }

    func closeStdin(_ execID: ExecID?) async throws(EngineError) {
        var request = Containerd_Task_V2_CloseIORequest()
        request.id = id.rawValue
        request.execID = execID?.rawValue ?? ""
        request.stdin = true
        _ = try await call("CloseIO", request, Google_Protobuf_Empty.self, timeouts.control)
    }

    // MARK: The call itself

    private func call<Request: Message, Response: Message>(
        _ method: String, _ request: Request, _ type: Response.Type, _ timeout: Duration?
    ) async throws(EngineError) -> Response {
        let announced = version.withLock { $0 }
        do throws(EngineError) {
            return try await send(Self.service(announced), method, request, type, timeout)
        } catch {
            // containerd's negotiation: a shim that does not know version 3 after all answers 12, one written in Rust 3
            // with the service's name.
            let isUnknown =
                error.code == .unimplemented
                || error.code == .invalidArgument && error.message.contains(ServiceName.taskV3)
            guard announced == 3, isUnknown else { throw error }
            let response = try await send(Self.service(2), method, request, type, timeout)
            version.withLock { $0 = 2 }
            return response
        }
    }

    private func send<Request: Message, Response: Message>(
        _ service: String, _ method: String, _ request: Request, _ type: Response.Type, _ timeout: Duration?
    ) async throws(EngineError) -> Response {
        do {
            return try await rpc.call(
                service, method, request, returning: type, timeout: timeout,
                metadata: [Metadata.namespaceKey: namespace.rawValue])
        } catch {
            throw EngineError(wrapping: error)
        }
    }

    private static func service(_ version: Int) -> String {
        version == 3 ? ServiceName.taskV3 : ServiceName.taskV2
    }
}
