import Glibc
import SwctrCore
import SwctrEngine
import SwctrLinux
public import SwctrMetadata
import SwctrProto
public import SwctrRPC
public import SwctrRuntime
import SwctrWire
import SwiftProtobuf

/// `swctr.v1.Engine`: who answers, and what it is made of.
public struct EngineService: Sendable {
    private let configuration: Configuration
    private let serverID: String
    private let store: MetadataStore
    private let runtimes: RuntimeRegistry
    private let snapshotters: [String]
    /// Tasks that run now, in all namespaces.
    private let countRunning: @Sendable () async throws -> Int

    public init(
        configuration: Configuration, serverID: String, store: MetadataStore, runtimes: RuntimeRegistry,
        snapshotters: [String], countRunning: @escaping @Sendable () async throws -> Int
    ) {
        self.configuration = configuration
        self.serverID = serverID
        self.store = store
        self.runtimes = runtimes
        self.snapshotters = snapshotters
        self.countRunning = countRunning
    }

    /// Adds the service's methods.
    public func register(on router: inout RPCRouter) {
        router.unary(ServiceName.engine, "Version") {
            (_: Swctr_V1_VersionRequest, _) -> Swctr_V1_VersionResponse in version
        }
        router.unary(ServiceName.engine, "Info") { (_: Swctr_V1_InfoRequest, _) -> Swctr_V1_InfoResponse in
            try await info()
        }
        router.unary(ServiceName.engine, "Plugins") {
            (request: Swctr_V1_PluginsRequest, _) -> Swctr_V1_PluginsResponse in
            let filter = try Filter(request.filters)
            let plugins = PluginList(runtimes: runtimes, snapshotters: snapshotters).all().filter { plugin in
                filter.matches { path in
                    switch path {
                    case ["type"]: plugin.type
                    case ["id"]: plugin.id
                    case ["platforms"]: plugin.platforms.first
                    case ["error"]: plugin.error.isEmpty ? nil : plugin.error
                    default: nil
                    }
                }
            }
            return .with { $0.plugins = plugins }
        }
        router.unary(ServiceName.engine, "InspectRuntime") {
            (request: Swctr_V1_InspectRuntimeRequest, _) -> Swctr_V1_InspectRuntimeResponse in
            try await RuntimeInquiry.ask(
                request.runtime, runtimes: runtimes, standard: configuration.defaultRuntime)
        }
        router.unary(ServiceName.engine, "DefaultSpec") {
            (request: Swctr_V1_DefaultSpecRequest, call) -> Swctr_V1_DefaultSpecResponse in
            let spec = try DefaultSpec.document(platform: request.platform, namespace: try call.namespace)
            return .with { $0.spec = spec }
        }
        router.unary(ServiceName.engine, "ExplainSeccomp") {
            (request: Swctr_V1_ExplainSeccompRequest, _) -> Swctr_V1_ExplainSeccompResponse in
            try SeccompInquiry.explain(request)
        }
    }

    private var version: Swctr_V1_VersionResponse {
        Swctr_V1_VersionResponse.with {
            $0.version = Version.current
            $0.serverID = serverID
        }
    }

    private func info() async throws -> Swctr_V1_InfoResponse {
        let (containers, images) = try await store.read { transaction in
            (try transaction.containers().count, try transaction.images().count)
        }
        let running = try await countRunning()
        let host = HostInformation()
        return Swctr_V1_InfoResponse.with {
            $0.version = version
            $0.root = configuration.root
            $0.state = configuration.state
            $0.pid = UInt32(getpid())
            $0.kernel = host.kernel
            $0.cgroups = host.cgroups.rawValue
            $0.defaultRuntime = configuration.defaultRuntime
            $0.defaultSnapshotter = configuration.defaultSnapshotter
            $0.snapshotters = snapshotters
            $0.runtimes = runtimes.knownNames.map { name in
                Swctr_V1_RuntimeEntry.with {
                    $0.name = name
                    // A configured shim that is not installed is shown without a path.
                    let resolved = try? runtimes.resolve(name)
                    $0.shim = resolved?.shim ?? ""
                    $0.optionsType = resolved?.optionsType ?? ""
                }
            }
            $0.containers = UInt32(containers)
            $0.running = UInt32(running)
            $0.images = UInt32(images)
            $0.cpus = UInt32(host.processors)
            $0.memoryBytes = host.memory
            $0.operatingSystem = host.operatingSystem
            $0.architecture = host.machine
        }
    }
}
