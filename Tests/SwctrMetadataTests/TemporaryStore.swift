import Foundation
import Logging
import SwctrCore
import SwctrMetadata

/// Runs `body` with an open store in a folder of its own, which goes away afterwards.
func withStore(_ body: (MetadataStore) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("swctr-metadata-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = try MetadataStore.open(at: folder.appendingPathComponent("metadata.sqlite").path, log: quiet)
    try await body(store)
}

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

extension ContainerRecord {
    static func sample(_ id: String, in namespace: Namespace = .default) -> ContainerRecord {
        ContainerRecord(
            namespace: namespace, id: ContainerID(checked: id), image: "docker.io/library/x:1", labels: ["a": "b"],
            runtimeName: "io.containerd.runc.v2", spec: Data("{}".utf8), snapshotter: "overlayfs", snapshotKey: id)
    }
}

extension TaskRecord {
    static func sample(_ id: String, in namespace: Namespace = .default) -> TaskRecord {
        TaskRecord(
            namespace: namespace, id: ContainerID(checked: id), runtimeName: "io.containerd.runc.v2",
            bundle: "/run/swctr/tasks/default/\(id)")
    }
}
