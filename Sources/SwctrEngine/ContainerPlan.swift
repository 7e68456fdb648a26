import SwctrMetadata
import Glibc
import SwctrCore
import SwctrImages
import SwctrLinux
import SwctrOCI
import SwctrProto
import SwctrRuntime

/// A request that passed every check that can be made without changing anything.
struct ContainerPlan: Sendable {
    var key: ContainerKey
    var request: Swctr_V1_ContainerOptions
    var runtime: RuntimeRegistry.Resolved
    var options: RuntimeOptions
    var snapshotter: String
    /// nil for a plain directory.
    var image: ResolvedImage?
    var labels: Labels
}

extension ContainerEngine {
    func plan(_ request: Swctr_V1_ContainerOptions, in namespace: Namespace) async throws -> ContainerPlan {
        let key = ContainerKey(namespace: namespace, id: try ContainerID(request.id))
        try LabelRule.check(request.labels)

        let runtimeName = request.runtime.name.isEmpty ? defaults.runtime : request.runtime.name
        let options = try RuntimeOptions(
            checking: request.runtime.hasOptions ? request.runtime.options : nil, runtime: runtimeName,
            cgroup: request.hasCgroup ? request.cgroup : nil)
        let runtime = try runtimes.resolve(runtimeName)
        let snapshotter = request.snapshotter.isEmpty ? defaults.snapshotter : request.snapshotter

        var image: ResolvedImage?
        if request.rootfs {
            try Self.checkRootDirectory(request.image)
        } else {
            _ = try snapshots.snapshotter(snapshotter)
            image = try await images.resolve(
                namespace, request.image, platform: request.platform.isEmpty ? nil : request.platform)
        }
        if try await metadata.read({ try $0.container(namespace, key.id) }) != nil { throw Self.taken(key) }
        return ContainerPlan(
            key: key, request: request, runtime: runtime, options: options, snapshotter: snapshotter,
            image: image, labels: Self.labels(for: request, image: image))
    }

    static func taken(_ key: ContainerKey) -> EngineError {
        EngineError(
            .alreadyExists, subject: key.subject, message: "already exists",
            hint: "choose another id, or remove it with swctr -n \(key.namespace) containers delete \(key.id)")
    }

    private static func checkRootDirectory(_ path: String) throws(EngineError) {
        guard path.hasPrefix("/") else {
            throw EngineError(.invalidArgument, subject: "root directory \"\(path)\"", message: "must be absolute")
        }
        var status = stat()
        if stat(path, &status) != 0 { throw .system("open root directory", subject: path) }
        if status.st_mode & S_IFMT != S_IFDIR {
            throw EngineError(.invalidArgument, subject: "root directory \"\(path)\"", message: "is not a directory")
        }
    }

    /// The image's labels under the user's; names that containerd keeps for itself, and labels too long to store, are
    /// not copied from an image (containerd: cmd/ctr, buildLabels).
    private static func labels(for request: Swctr_V1_ContainerOptions, image: ResolvedImage?) -> Labels {
        var labels: Labels = [:]
        if let config = image?.config.config {
            for (key, value) in config.labels ?? [:] {
                if key.hasPrefix("containerd.io/") || key.hasPrefix("io.cri-containerd") { continue }
                if (try? LabelRule.check([key: value])) == nil { continue }
                labels[key] = value
            }
            labels[stopSignalLabel] = config.stopSignal.flatMap { $0.isEmpty ? nil : $0 } ?? "SIGTERM"
        }
        return labels.merging(request.labels) { $1 }
    }

    /// Where the image's stop signal is kept (containerd: client, WithImageStopSignal).
    public static let stopSignalLabel = "io.containerd.image.config.stop-signal"
}
