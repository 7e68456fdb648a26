import Glibc
import Logging
import NIOCore
import SwctrContent
import SwctrCore
import SwctrEngine
import SwctrHTTP
import SwctrImages
import SwctrLinux
import SwctrMetadata
import SwctrProto
import SwctrRPC
import SwctrRuntime
import SwctrSnapshots
import SwctrTasks
import SwiftProtobuf

/// The manager's parts, each made from those before it.
struct Assembly {
    let configuration: Configuration
    let store: MetadataStore
    let content: LocalContentStore
    let bus: EventBus
    let snapshots: SnapshotStore
    let images: ImageStore
    let runtimes: RuntimeRegistry
    let tasks: TaskManager
    let engine: ContainerEngine
    private let publish: EventSink

    /// Opens the stores. Nothing runs yet.
    init(_ configuration: Configuration, eventLoops: any EventLoopGroup, log: Logger) throws {
        let (root, state) = (configuration.root, configuration.state)
        self.configuration = configuration
        store = try MetadataStore.open(at: try Self.privateFile(root + "/metadata.sqlite"), log: log)
        content = try LocalContentStore.open(root: root + "/content")

        let bus = EventBus()
        let publish: EventSink = { namespace, topic, event in
            bus.publish(namespace: namespace.rawValue, topic: topic, event)
        }
        self.bus = bus
        self.publish = publish

        snapshots = SnapshotStore(
            metadata: store, snapshotters: try Self.snapshotters(configuration, log),
            notify: { namespace, event in await publish(namespace, event.topic, event.message) }, log: log)
        images = ImageStore(
            metadata: store, content: content, snapshots: snapshots, scratch: state + "/scratch",
            unpacker: Unpacker(content: content, snapshots: snapshots),
            notify: { namespace, event in await publish(namespace, event.topic, event.message) }, log: log)

        let executable = try Self.executable()
        var environment = Self.environment()
        environment["PATH"] = environment["PATH"] ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        runtimes = RuntimeRegistry(
            configured: configuration.runtimes,
            directories: RuntimeRegistry.searchDirectories(
                executableDirectory: String(executable[..<(executable.lastIndex(of: "/") ?? executable.startIndex)]),
                path: environment["PATH"] ?? ""))
        let cleanup = ContainerCleanup(
            metadata: store, snapshots: snapshots,
            network: ContainerNetwork(
                configurationFolder: configuration.cniConfigurationFolder,
                pluginFolders: configuration.cniPluginFolders),
            publish: publish, log: log)
        tasks = TaskManager(
            configuration: TaskConfiguration(
                state: state, address: configuration.clientSocket, eventsAddress: configuration.eventSocket,
                executable: executable, environment: environment),
            store: store, bus: bus, hooks: cleanup.hooks, eventLoops: eventLoops, log: log)
        engine = ContainerEngine(
            images: images, runtimes: runtimes, tasks: tasks, cleanup: cleanup, scratch: state + "/scratch",
            defaults: .init(
                runtime: configuration.defaultRuntime, snapshotter: configuration.defaultSnapshotter,
                runcRoot: configuration.state + "/runc"))
    }

    /// What clients may call.
    func clientRouter(serverID: String) -> RPCRouter {
        var router = RPCRouter()
        let snapshotter = configuration.defaultSnapshotter
        EngineService(
            configuration: configuration, serverID: serverID, store: store, runtimes: runtimes,
            snapshotters: snapshots.names, countRunning: { [tasks] in await Self.running(tasks) }
        ).register(on: &router)
        NamespacesService(store: store, publish: publish).register(on: &router)
        let registries = RegistryDefaults(
            hostsFolders: configuration.registryHosts, timeouts: .init(stall: configuration.registryStall),
            proxies: ProxySettings(Self.environment()))
        ContentService(store: store, content: content, images: images, registries: registries).register(on: &router)
        SnapshotsService(snapshots: snapshots, images: images, defaultSnapshotter: snapshotter).register(on: &router)
        ImagesService(images: images, defaultSnapshotter: snapshotter, registries: registries).register(on: &router)
        LeasesService(store: store, images: images).register(on: &router)
        SystemService(images: images).register(on: &router)
        ContainersService(engine: engine).register(on: &router)
        TasksService(engine: engine, tasks: tasks).register(on: &router)
        EventsService(bus: bus).register(on: &router)
        return router
    }

    /// What shims may call.
    func shimRouter() -> RPCRouter {
        var router = RPCRouter()
        ForwardService(tasks: tasks).register(on: &router)
        return router
    }

    /// Finds what an earlier manager left running, and finishes or undoes what it left half done.
    func recover() async throws {
        try await tasks.recover()
        try await engine.recover()
        try await images.recover()
    }

    /// Ends subscriptions and the database; tasks go on without us.
    func close() throws(EngineError) {
        bus.close()
        try store.close()
    }

    private static func running(_ tasks: TaskManager) async -> Int {
        var count = 0
        for task in tasks.tasks() where await (try? task.snapshot())?.status == .running { count += 1 }
        return count
    }

    // MARK: Our surroundings

    /// Environments of containers are in the database: nobody else reads it. SQLite gives the log beside it the same
    /// mode.
    private static func privateFile(_ path: String) throws(EngineError) -> String {
        _ = OwnedFD(
            adopting: try retryingInterrupts("create", subject: path) {
                open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            })
        return path
    }

    /// Overlayfs does not work everywhere, on itself for one. The manager starts without it: a request that wants it is
    /// told what there is, and the log says why.
    private static func snapshotters(
        _ configuration: Configuration, _ log: Logger
    ) throws(EngineError) -> [any Snapshotter] {
        let folder = configuration.root + "/snapshots"
        var snapshotters: [any Snapshotter] = [try NativeSnapshotter(root: folder + "/native")]
        do throws(EngineError) {
            snapshotters.append(try OverlaySnapshotter(root: folder + "/overlayfs"))
        } catch {
            log.warning("overlayfs is not available", metadata: ["error": "\(error)", "hint": "\(error.hint)"])
        }
        return snapshotters
    }

    /// Shims are installed beside it, and are told it.
    private static func executable() throws(EngineError) -> String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = try retryingInterrupts("read link", subject: "/proc/self/exe") {
            readlink("/proc/self/exe", &buffer, buffer.count)
        }
        return String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    private static func environment() -> [String: String] {
        var values: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if let split = text.firstIndex(of: "=") {
                values[String(text[..<split])] = String(text[text.index(after: split)...])
            }
            next += 1
        }
        return values
    }
}
