import Foundation
import Logging
import SwctrContent
import SwctrCore
import SwctrImages
import SwctrMetadata
import SwctrOCI
import SwctrSnapshots

/// The stores of a manager in a folder of their own.
struct ImageFixture: Sendable {
    let root: String
    let metadata: MetadataStore
    let content: LocalContentStore
    let snapshots: SnapshotStore
    let images: ImageStore
    let native: NativeSnapshotter

    /// Opens the stores as a manager does; twice on one folder is what a restart does.
    init(root: String) throws {
        self.root = root
        let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        metadata = try MetadataStore.open(at: root + "/metadata.sqlite", log: log)
        content = try LocalContentStore.open(root: root + "/content")
        native = try NativeSnapshotter(root: root + "/native")
        snapshots = SnapshotStore(metadata: metadata, snapshotters: [native], notify: { _, _ in }, log: log)
        let unpacker = Unpacker(content: content, snapshots: snapshots)
        images = ImageStore(
            metadata: metadata, content: content, snapshots: snapshots, scratch: root, unpacker: unpacker,
            notify: { _, _ in }, log: log)
    }

    /// Unpacks what is not unpacked yet.
    func unpack(_ image: ResolvedImage) async throws {
        try await images.withUnpacked(image, namespace: .default, snapshotter: "native") {}
    }

    static func with(_ body: (ImageFixture) async throws -> Void) async throws {
        // In memory where there is such a folder: a sync there does not wait for other people's writes.
        let memory = "/dev/shm"
        let parent =
            FileManager.default.isWritableFile(atPath: memory) ? memory : FileManager.default.temporaryDirectory.path
        let root = parent + "/swctr-images-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: root) }
        try await body(ImageFixture(root: root))
    }

    @discardableResult
    func take(
        _ archive: [UInt8], _ options: ImportOptions = ImportOptions(snapshotter: "native"),
        namespace: Namespace = .default, step: Int = 100_000
    ) async throws -> [ImageRecord] {
        try await images.importArchive(namespace, options: options) { reader in
            for start in stride(from: 0, to: archive.count, by: step) {
                try await reader.push(Array(archive[start..<min(start + step, archive.count)]))
            }
        } onProgress: { _ in
        }
    }

    func names(_ namespace: Namespace = .default) async throws -> [String] {
        try await images.list(namespace).map(\.name)
    }

    func snapshotRows() async throws -> [SnapshotRecord] { try await metadata.read { try $0.snapshots() } }

    /// The folder that shows an unpacked image, for looking into it.
    func tree(of name: String) async throws -> String {
        let image = try await images.resolve(.default, name, platform: nil)
        guard let key = image.chainID?.description,
            let row = try await metadata.read({ try $0.snapshot(.default, "native", key) })
        else { throw EngineError(.notFound, subject: name, message: "is not unpacked") }
        return try native.layerTarget(row.id, parents: []).path
    }

    func text(_ path: String, in name: String) async throws -> String {
        try String(contentsOfFile: try await tree(of: name) + "/" + path, encoding: .utf8)
    }
}

extension ImportOptions {
    static func native(
        unpack: Bool = true, base: String = "", digests: Bool = false, index: String = "", platform: Platform? = .host
    ) -> ImportOptions {
        ImportOptions(
            snapshotter: "native", unpack: unpack, baseName: base, namesDigests: digests, indexName: index,
            platform: platform)
    }
}
