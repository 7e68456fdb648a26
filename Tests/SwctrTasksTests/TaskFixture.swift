import Foundation
import Glibc
import Logging
import NIOCore
import NIOPosix
import SwctrCore
import SwctrLinux
import SwctrMetadata
import SwctrOCI
import SwctrProto
import SwctrRPC
import SwctrRuntime
import SwctrTestSupport
import SwctrWire
import SwiftProtobuf
import Testing

@testable import SwctrTasks

/// The shims that tasks are tested with: real ones, and one of the tests' own that is as strict as Kata's.
enum ShimKind: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case own, runcV2, runcV1

    var testDescription: String { rawValue }

    var runtime: RuntimeRegistry.Resolved? {
        let name: String
        let path: String
        switch self {
        case .own: (name, path) = (RuntimeOptionRule.runcRuntime, Build.shim)
        case .runcV2: (name, path) = ("io.containerd.runc.v2", "/usr/bin/containerd-shim-runc-v2")
        case .runcV1: (name, path) = ("io.containerd.runc.v1", "/usr/bin/containerd-shim-runc-v1")
        }
        return try? RuntimeRegistry(configured: [name: path], directories: []).resolve(name)
    }

    /// Those that are here.
    static var installed: [ShimKind] { geteuid() == 0 ? allCases.filter { $0.runtime != nil } : [] }
}

/// A task manager in this process, on folders of its own; what tests start in it, it ends.
final class TaskFixture: Sendable {
    let folder: String
    let namespace: Namespace
    let store: MetadataStore
    let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let log: Logger

    /// One life of the manager; there may be several after each other.
    struct Manager: Sendable {
        let tasks: TaskManager
        let bus: EventBus
        let server: RPCServer
    }

    private init() throws {
        var template = Array("/tmp/swctr-tasks-XXXXXX".utf8CString)
        folder = try template.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress, let made = mkdtemp(base) else {
                throw EngineError.system("mkdtemp", subject: "/tmp")
            }
            return String(cString: made)
        }
        namespace = try Namespace("t-" + folder.suffix(6).replacing("_", with: "x"))
        var log = Logger(label: "test")
        log.logLevel = ProcessInfo.processInfo.environment["SWCTR_TEST_LOG"] == nil ? .error : .trace
        self.log = log
        for part in [
            "state", "state/s", "rootfs", "rootfs/bin", "rootfs/proc", "rootfs/dev", "rootfs/sys", "rootfs/run",
            "rootfs/tmp",
        ] {
            mkdir("\(folder)/\(part)", 0o755)
        }
        try FileManager.default.copyItem(atPath: "/bin/busybox", toPath: "\(folder)/rootfs/bin/busybox")
        for applet in ["sh", "sleep", "cat", "echo", "true"] {
            try FileManager.default.createSymbolicLink(
                atPath: "\(folder)/rootfs/bin/\(applet)", withDestinationPath: "busybox")
        }
        store = try MetadataStore.open(at: "\(folder)/metadata.sqlite", log: log)
    }

    /// Runs `body` with a fixture and its first manager, and removes what it left, also when it fails.
    static func with(_ body: (TaskFixture, Manager) async throws -> Void) async throws {
        let fixture = try TaskFixture()
        let manager = try await fixture.startManager()
        let result: Result<Void, any Error>
        do {
            try await body(fixture, manager)
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await fixture.cleanUp()
        try result.get()
    }

    /// - Parameter bus: one that somebody has subscribed to, for events that shims send as soon as we listen.
    func startManager(bus: EventBus = EventBus()) async throws -> Manager {
        let configuration = TaskConfiguration(
            state: "\(folder)/state", address: "\(folder)/state/swctrd.sock",
            eventsAddress: "\(folder)/state/events.sock", executable: "/bin/true",
            environment: ProcessInfo.processInfo.environment)
        let tasks = TaskManager(
            configuration: configuration, store: store, bus: bus, eventLoops: loops, log: log)
        var router = RPCRouter()
        router.unary(ServiceName.eventsForward, "Forward") {
            (request: Containerd_Services_Events_Ttrpc_V1_ForwardRequest, _) -> Google_Protobuf_Empty in
            try await tasks.forward(request.envelope)
            return Google_Protobuf_Empty()
        }
        let server = try await RPCServer.listen(
            at: configuration.eventsAddress, mode: 0o600, group: nil, router: router, admit: \.isThisUser,
            eventLoops: loops, log: log)
        return Manager(tasks: tasks, bus: bus, server: server)
    }

    func stop(_ manager: Manager) async {
        await manager.tasks.disconnect()
        await manager.server.shutdown()
        manager.bus.close()
    }

    private func cleanUp() async {
        if let last = try? await startManager() {
            try? await last.tasks.recover()
            for task in last.tasks.tasks() { _ = try? await task.delete(force: true) }
            await stop(last)
        }
        try? MountTable.unmountAll(below: folder)
        _ = try? ProcessSearch.killAll(inDirectory: "\(folder)/state", timeout: .seconds(5))
        // Runtimes make the namespace's group and leave it.
        try? Cgroup(path: "/\(namespace)").killAndRemove(timeout: .seconds(5))
        rmdir("/run/containerd/runc/\(namespace)")
        try? await loops.shutdownGracefully()
        try? store.close()
        try? FileManager.default.removeItem(atPath: folder)
    }

    // MARK: Tasks

    func request(
        _ kind: ShimKind, _ id: String, _ args: [String], deleteOnExit: Bool = false
    ) throws -> TaskRequest {
        TaskRequest(
            namespace: namespace, id: try ContainerID(id), runtime: try #require(kind.runtime),
            spec: try spec(id, args), stdio: TaskStdio(stdout: "file://\(folder)/\(id).out"),
            deleteOnExit: deleteOnExit)
    }

    func spec(_ id: String, _ args: [String]) throws -> [UInt8] {
        var request = SpecRequest(id: id, namespace: namespace.rawValue)
        request.args = args
        let spec = try SpecBuilder.build(
            request, image: nil, users: UserDatabase(),
            host: SpecRequest.Host(capabilities: [], devices: [], hostname: "host", networkFiles: []))
        return [UInt8](try JSONEncoder().encode(spec))
    }

    func process(_ args: [String]) throws -> [UInt8] {
        var process = SwctrOCI.Process(
            user: SwctrOCI.Process.User(uid: 0, gid: 0), args: args, env: ["PATH=/bin"], cwd: "/")
        process.terminal = false
        return [UInt8](try JSONEncoder().encode(process))
    }

    /// Creates the task of a container whose row is made on the way.
    func create(_ manager: Manager, _ request: TaskRequest) async throws -> TaskHandle {
        let container = ContainerRecord(
            namespace: request.namespace, id: request.id, runtimeName: request.runtime.name, spec: Data(request.spec))
        let rootfs = Mount(type: "bind", source: "\(folder)/rootfs", options: ["rbind", "ro"])
        return try await manager.tasks.create(
            request, recording: { try $0.createContainer(container) }, mounts: { [rootfs] })
    }

    func run(
        _ manager: Manager, _ kind: ShimKind, _ id: String, _ args: [String], deleteOnExit: Bool = false
    ) async throws -> TaskHandle {
        let task = try await create(manager, request(kind, id, args, deleteOnExit: deleteOnExit))
        try await task.start()
        return task
    }

    func output(_ id: String) -> String { (try? String(contentsOfFile: "\(folder)/\(id).out", encoding: .utf8)) ?? "" }

    func rows() async throws -> Int { try await store.read { try $0.tasks().count + $0.intents().count } }

    /// Nothing of the task is left: not its folder, its mounts, its shim.
    func expectNothingLeft(
        of id: String, shimPid: UInt32 = 0, _ location: SourceLocation = #_sourceLocation
    ) async throws {
        let bundle = "\(folder)/state/tasks/\(namespace)/\(id)"
        #expect(access(bundle, F_OK) != 0, "bundle is gone", sourceLocation: location)
        let mounts = try TextFile.read("/proc/self/mountinfo", limit: 64 << 20)
        #expect(!mounts.contains(bundle), "mounts are gone", sourceLocation: location)
        #expect(try await rows() == 0, "rows are gone", sourceLocation: location)
        if shimPid != 0, let shim = try? PidFD(of: pid_t(shimPid)) {
            let ended = shim.waitForEnd(timeout: .seconds(10))
            #expect(ended, "shim is gone", sourceLocation: location)
        }
    }
}
