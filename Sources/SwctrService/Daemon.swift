import Glibc
import Logging
import NIOCore
import NIOPosix
import SwctrContent
import SwctrCore
import SwctrLinux
import SwctrMetadata
import SwctrRPC
import SwctrRuntime

/// The manager, put together: folders, stores, services, sockets, in the order in which they need each other.
struct Daemon {
    let configuration: Configuration
    let notification: ServiceNotification
    let log: Logger

    /// Serves until `stop` ends, and then ends what it began. Containers go on.
    ///
    /// - Parameter ready: called when clients are served.
    func run(until stop: @Sendable () async -> Void, ready: @Sendable () -> Void) async throws {
        try configuration.validate()
        let group = try ClientAccess.group(configuration)
        try Folder.make(at: configuration.root, mode: 0o711)
        try Folder.make(at: configuration.state, mode: 0o711)
        try Folder.make(at: configuration.state + "/s", mode: 0o700)
        let lock = try InstanceLock.acquire(root: configuration.root)

        let database = configuration.root + "/metadata.sqlite"
        // Environments of containers are in it. SQLite gives the log beside it the mode of the file.
        _ = OwnedFD(
            adopting: try retryingInterrupts("create", subject: database) {
                open(database, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            })
        let store = try MetadataStore.open(at: database, log: log)
        let content = try LocalContentStore.open(root: configuration.root + "/content")
        let serverID = try ServerIdentity.load(root: configuration.root)
        let runtimes = RuntimeRegistry(
            configured: configuration.runtimes,
            directories: RuntimeRegistry.searchDirectories(
                executableDirectory: Self.executableDirectory,
                path: getenv("PATH").map { String(cString: $0) } ?? "/usr/local/bin:/usr/bin:/bin"))

        // Two loops: one can parse while the other writes. Work that takes long is done elsewhere.
        let loops = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        var router = RPCRouter()
        EngineService(
            configuration: configuration, serverID: serverID, store: store, runtimes: runtimes,
            snapshotters: ["overlayfs", "native"], countRunning: { 0 }
        ).register(on: &router)
        NamespacesService(store: store, publish: { _, _, _ in }).register(on: &router)
        ContentService(store: store, content: content).register(on: &router)
        SnapshotsService(store: store, defaultSnapshotter: configuration.defaultSnapshotter).register(on: &router)

        let server = try await RPCServer.listen(
            at: configuration.clientSocket, mode: 0o660, group: group, router: router, admit: { _ in true },
            eventLoops: loops, log: log)
        log.info("serving", metadata: ["address": "\(configuration.clientSocket)", "server.id": "\(serverID)"])
        ready()

        await stop()
        log.info("stopping")
        await server.shutdown()
        try await loops.shutdownGracefully()
        try store.close()
        // Until here nobody else may touch the root folder.
        _ = consume lock
    }

    /// Where our own executable lies: shims are installed beside it.
    private static var executableDirectory: String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        guard count > 0 else { return "/usr/local/bin" }
        let path = String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
        return path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "/"
    }
}
