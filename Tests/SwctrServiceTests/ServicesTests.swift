import Logging
import NIOPosix
import SwctrContent
import SwctrCore
import SwctrImages
import SwctrMetadata
import SwctrProto
import SwctrRPC
import SwctrRuntime
import SwctrService
import SwctrSnapshots
import SwctrWire
import SwiftProtobuf
import Synchronization
import Testing

/// Services over a real socket and a real database.
@Suite("Services")
struct ServicesTests {
    /// Topics that were published, in order.
    final class Published: Sendable {
        private let topics = Mutex<[String]>([])
        func add(_ topic: String) { topics.withLock { $0.append(topic) } }
        var all: [String] { topics.withLock { $0 } }
    }

    func with(_ body: @Sendable (RPCClient, MetadataStore, Published) async throws -> Void) async throws {
        try await withContent { client, store, published, _ in try await body(client, store, published) }
    }

    func withContent(
        _ body: @Sendable (RPCClient, MetadataStore, Published, LocalContentStore) async throws -> Void
    ) async throws {
        try await TemporaryFolder.with { folder in
            let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let store = try MetadataStore.open(at: folder + "/metadata.sqlite", log: log)
            let published = Published()
            var router = RPCRouter()
            NamespacesService(store: store, publish: { _, topic, _ in published.add(topic) }).register(on: &router)
            let content = try LocalContentStore.open(root: folder + "/content")
            let snapshots = SnapshotStore(
                metadata: store,
                snapshotters: [
                    try NativeSnapshotter(root: folder + "/native"), NamedSnapshotter(name: "overlayfs"),
                ], notify: { _, _ in }, log: log)
            let images = ImageStore(
                metadata: store, content: content, snapshots: snapshots, scratch: folder,
                unpacker: Unpacker(content: content, snapshots: snapshots), notify: { _, _ in }, log: log)
            SnapshotsService(snapshots: snapshots, images: images, defaultSnapshotter: "overlayfs")
                .register(on: &router)
            ContentService(store: store, content: content, images: images, registries: RegistryDefaults())
                .register(on: &router)
            LeasesService(store: store, images: images).register(on: &router)
            EngineService(
                configuration: Configuration(), serverID: "an-id", store: store,
                runtimes: RuntimeRegistry(configured: [:], directories: []), snapshotters: ["overlayfs"],
                countRunning: { 3 }
            ).register(on: &router)
            let loops = MultiThreadedEventLoopGroup.singleton
            let server = try await RPCServer.listen(
                at: folder + "/sock", mode: 0o600, group: nil, router: router, admit: { _ in true }, eventLoops: loops,
                log: log)
            let client = try await RPCClient.connect(
                to: folder + "/sock", timeout: .seconds(10), eventLoops: loops, log: log)
            do {
                try await body(client, store, published, content)
            } catch {
                Issue.record(error)
            }
            await client.close()
            await server.shutdown()
            try store.close()
        }
    }

    @Test("namespaces come, are listed and go, and each step is published")
    func namespaces() async throws {
        try await with { client, _, published in
            let made = Swctr_V1_CreateNamespaceRequest.with {
                $0.namespace = .with {
                    $0.name = "blue"
                    $0.labels = ["a": "b"]
                }
            }
            _ = try await client.call(
                ServiceName.namespaces, "Create", made, returning: Swctr_V1_CreateNamespaceResponse.self, timeout: nil)
            let again = await #expect(throws: EngineError.self) {
                try await client.call(
                    ServiceName.namespaces, "Create", made, returning: Swctr_V1_CreateNamespaceResponse.self,
                    timeout: nil)
            }
            #expect(again?.code == .alreadyExists)
            let list = try await client.call(
                ServiceName.namespaces, "List", Swctr_V1_ListNamespacesRequest(),
                returning: Swctr_V1_ListNamespacesResponse.self, timeout: nil)
            #expect(list.namespaces.map(\.name).contains("blue"))
            #expect(list.namespaces.first { $0.name == "blue" }?.labels == ["a": "b"])
            for code in [ErrorCode.ok, .notFound] {
                do {
                    _ = try await client.call(
                        ServiceName.namespaces, "Delete",
                        Swctr_V1_DeleteNamespaceRequest.with { $0.name = "blue" },
                        returning: Swctr_V1_DeleteNamespaceResponse.self, timeout: nil)
                    #expect(code == .ok)
                } catch let error as EngineError {
                    #expect(error.code == code)
                }
            }
            #expect(published.all == ["/namespaces/create", "/namespaces/delete"])
        }
    }

    @Test("a name that is none is refused", arguments: ["", "../x", "a b", String(repeating: "x", count: 77)])
    func badNamespace(name: String) async throws {
        try await with { client, _, published in
            let error = await #expect(throws: EngineError.self) {
                try await client.call(
                    ServiceName.namespaces, "Create",
                    Swctr_V1_CreateNamespaceRequest.with { $0.namespace.name = name },
                    returning: Swctr_V1_CreateNamespaceResponse.self, timeout: nil)
            }
            #expect(error?.code == .invalidArgument)
            #expect(published.all.isEmpty)
        }
    }

    @Test("snapshots are listed by namespace and snapshotter")
    func snapshots() async throws {
        try await with { client, store, _ in
            try await store.write { transaction in
                let base = SnapshotRecord(
                    namespace: .default, snapshotter: "overlayfs", key: "base", parent: nil, kind: .committed)
                _ = try transaction.createSnapshot(base)
                _ = try transaction.createSnapshot(
                    SnapshotRecord(
                        namespace: .default, snapshotter: "overlayfs", key: "top", parent: "base", kind: .active))
                _ = try transaction.createSnapshot(
                    SnapshotRecord(namespace: .default, snapshotter: "native", key: "n", parent: nil, kind: .view))
            }
            func list(_ snapshotter: String, _ namespace: String) async throws -> [Swctr_V1_Snapshot] {
                try await client.call(
                    ServiceName.snapshots, "List",
                    Swctr_V1_ListSnapshotsRequest.with { $0.snapshotter = snapshotter },
                    returning: Swctr_V1_ListSnapshotsResponse.self, timeout: nil,
                    metadata: [Metadata.namespaceKey: namespace]
                ).snapshots
            }
            let own = try await list("", "default")
            #expect(own.map(\.key) == ["base", "top"])
            #expect(own.map(\.parent) == ["", "base"])
            #expect(own.map(\.kind) == [.committed, .active])
            #expect(try await list("native", "default").map(\.kind) == [.view])
            #expect(try await list("", "other").isEmpty)
        }
    }

    @Test("a blob is read whole by those who may see it, and by nobody else", arguments: [0, 1, 1 << 18, 1_000_000])
    func content(size: Int) async throws {
        try await withContent { client, store, _, content in
            let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let digest = try content.store(bytes)
            try await store.write {
                try $0.addContent(
                    ContentRecord(namespace: .default, digest: digest, size: Int64(size), labels: ["kind": "test"]))
            }
            func read(_ namespace: String) async throws -> [UInt8] {
                var all: [UInt8] = []
                let pieces = try await client.serverStream(
                    ServiceName.content, "Read",
                    Swctr_V1_ReadContentRequest.with { $0.digest = digest.description },
                    returning: Swctr_V1_ReadContentResponse.self, metadata: [Metadata.namespaceKey: namespace])
                for try await piece in pieces { all += piece.data }
                return all
            }
            #expect(try await read("default") == bytes)
            let error = await #expect(throws: EngineError.self) { try await read("other") }
            #expect(error?.code == .notFound)

            for (filter, count) in [("size==\(size)", 1), ("labels.kind==other", 0)] {
                let list = try await client.call(
                    ServiceName.content, "List", Swctr_V1_ListContentRequest.with { $0.filters = [filter] },
                    returning: Swctr_V1_ListContentResponse.self, timeout: nil)
                #expect(list.contents.count == count)
            }
        }
    }

    @Test("the engine says who it is")
    func info() async throws {
        try await with { client, _, _ in
            let info = try await client.call(
                ServiceName.engine, "Info", Swctr_V1_InfoRequest(), returning: Swctr_V1_InfoResponse.self, timeout: nil)
            #expect(info.version.version == Version.current)
            #expect(info.version.serverID == "an-id")
            #expect(info.running == 3)
            #expect(info.cpus > 0)
            #expect(info.memoryBytes > 1 << 20)
            #expect(["v1", "v2", "hybrid"].contains(info.cgroups))
            #expect(info.runtimes.map(\.name) == ["io.containerd.runc.v2"])
        }
    }
}

/// A snapshotter of another name for records that no test looks into: nothing of it works.
struct NamedSnapshotter: Snapshotter {
    let name: String
    var hasIndependentLayers: Bool { false }

    private var refusal: EngineError { EngineError(.unimplemented, subject: name, message: "has a name only") }

    func prepare(_ id: Int64, parents: [Int64]) throws(EngineError) { throw refusal }
    func mounts(_ id: Int64, parents: [Int64], readOnly: Bool) throws(EngineError) -> [Mount] { throw refusal }
    func layerTarget(_ id: Int64, parents: [Int64]) throws(EngineError) -> LayerTarget { throw refusal }
    func commit(_ id: Int64) throws(EngineError) { throw refusal }
    func synchronize() throws(EngineError) { throw refusal }
    func detach(_ id: Int64) throws(EngineError) { throw refusal }
    func emptyTrash() throws(EngineError) {}
    func usage(_ id: Int64) throws(EngineError) -> SnapshotUsage { throw refusal }
    func ids() throws(EngineError) -> [Int64] { throw refusal }
}
