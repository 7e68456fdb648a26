import Foundation
import Glibc
import Logging
import NIOCore
import NIOPosix
import SwctrCore
import SwctrEngine
import SwctrImages
import SwctrLinux
import SwctrMetadata
import SwctrProto
import SwctrRPC
import SwctrTasks
import SwctrTestSupport
import SwiftProtobuf
import Testing

@testable import SwctrService

/// The parts of a manager, put together as the daemon does it, in this process and on folders of its own. What tests
/// start in it, it ends.
final class EngineFixture: Sendable {
    let folder: String
    let namespace: Namespace
    let configuration: Configuration
    private let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let log: Logger

    /// One life of the manager; there may be several after each other.
    struct Manager: Sendable {
        let parts: Assembly
        let events: RPCServer

        var engine: ContainerEngine { parts.engine }
        var tasks: TaskManager { parts.tasks }
    }

    static var isPossible: Bool {
        geteuid() == 0 && access(Build.shim, X_OK) == 0 && access("/usr/sbin/runc", X_OK) == 0
    }

    private init() throws {
        var template = Array("/tmp/swctr-engine-XXXXXX".utf8CString)
        folder = try template.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress, let made = mkdtemp(base) else {
                throw EngineError.system("mkdtemp", subject: "/tmp")
            }
            return String(cString: made)
        }
        namespace = try Namespace("e-" + folder.suffix(6))
        var log = Logger(label: "test")
        log.logLevel = ProcessInfo.processInfo.environment["SWCTR_TEST_LOG"] == nil ? .critical : .trace
        self.log = log
        var configuration = Configuration()
        configuration.root = "\(folder)/root"
        configuration.state = "\(folder)/state"
        configuration.runtimes = ["io.containerd.runc.v2": Build.shim]
        self.configuration = configuration
        for part in ["root", "root/snapshots", "state", "state/s", "state/scratch", "state/tasks"] {
            try Folder.make(at: "\(folder)/\(part)", mode: 0o711)
        }
    }

    /// Runs `body` with a fixture and its first manager, which has the test image, and removes what it left.
    static func with(_ body: (EngineFixture, Manager) async throws -> Void) async throws {
        let fixture = try EngineFixture()
        let manager = try await fixture.start()
        let result: Result<Void, any Error>
        do {
            try await fixture.importImage(manager)
            try await body(fixture, manager)
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await fixture.stop(manager)
        await fixture.cleanUp()
        try result.get()
    }

    /// Starts a manager as the daemon does, recovery included.
    func start() async throws -> Manager {
        let parts = try Assembly(configuration, eventLoops: loops, log: log)
        let events = try await RPCServer.listen(
            at: configuration.eventSocket, mode: 0o600, group: nil, router: parts.shimRouter(), admit: \.isThisUser,
            eventLoops: loops, log: log)
        try await parts.recover()
        return Manager(parts: parts, events: events)
    }

    func stop(_ manager: Manager) async {
        await manager.events.shutdown()
        await manager.tasks.disconnect()
        try? manager.parts.close()
    }

    private func cleanUp() async {
        if let last = try? await start() {
            for task in last.tasks.tasks() { _ = try? await task.delete(force: true) }
            await stop(last)
        }
        _ = try? ProcessSearch.killAll(inDirectory: "\(folder)/state", timeout: .seconds(5))
        try? MountTable.unmountAll(below: folder)
        try? Cgroup(path: "/\(namespace)").killAndRemove(timeout: .seconds(5))
        try? await loops.shutdownGracefully()
        try? FileManager.default.removeItem(atPath: folder)
    }

    private func importImage(_ manager: Manager) async throws {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: TestImage.archive())))
        let options = ImportOptions(snapshotter: configuration.defaultSnapshotter)
        _ = try await manager.parts.images.importArchive(namespace, options: options) { reader in
            try await reader.push(bytes)
        } onProgress: { _ in
        }
    }

    // MARK: Requests

    func options(_ id: String, _ args: String...) -> Swctr_V1_ContainerOptions {
        var options = Swctr_V1_ContainerOptions()
        options.id = id
        options.image = TestImage.name
        options.args = args
        return options
    }

    func key(_ id: String) throws -> ContainerKey { ContainerKey(namespace: namespace, id: try ContainerID(id)) }

    func run(
        _ manager: Manager, _ options: Swctr_V1_ContainerOptions, detach: Bool = true, autoRemove: Bool = false
    ) async throws -> TaskHandle {
        try await manager.engine.run(
            options, start: StartOptions(stdio: TaskStdio(), detach: detach), autoRemove: autoRemove, in: namespace)
    }

    // MARK: What is there

    func expectLeft(
        by manager: Manager, _ expected: [String], _ comment: Comment? = nil,
        _ location: SourceLocation = #_sourceLocation
    ) async throws {
        let left = try await leftovers(manager)
        #expect(left == expected, comment, sourceLocation: location)
    }

    /// Everything that the manager keeps of containers, as words.
    private func leftovers(_ manager: Manager) async throws -> [String] {
        let namespace = namespace
        var left = try await manager.parts.store.read { tx in
            var left = try tx.containers(in: namespace).map { "container \($0.id)" }
            left += try tx.tasks(in: namespace).map { "task \($0.id)" }
            left += try tx.snapshots(in: namespace).filter { $0.kind != .committed }.map { "snapshot \($0.key)" }
            // A tree that is on its way out is named until it is gone.
            left += try tx.intents().filter { $0.kind != .snapshot }.map { "intent \($0.kind.rawValue) \($0.subject)" }
            return left
        }
        let bundles = "\(configuration.state)/tasks/\(namespace)"
        left += ((try? FileManager.default.contentsOfDirectory(atPath: bundles)) ?? []).map { "bundle \($0)" }
        left += try TextFile.read("/proc/self/mountinfo", limit: 64 << 20).split(separator: "\n")
            .filter { $0.contains(folder) }.map { "mount \($0)" }
        return left
    }
}
