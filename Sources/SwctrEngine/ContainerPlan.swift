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
        let runtimeName = request.runtime.name.isEmpty ? defaults.runtime : request.runtime.name
        let (id, options) = try Self.check(request, runtime: runtimeName)
        let key = ContainerKey(namespace: namespace, id: id)
        let runtime = try runtimes.resolve(runtimeName)
        let snapshotter = request.snapshotter.isEmpty ? defaults.snapshotter : request.snapshotter

        var image: ResolvedImage?
        if !request.rootfs {
            _ = try snapshots.snapshotter(snapshotter)
            image = try await images.resolve(
                namespace, request.image, platform: request.platform.isEmpty ? nil : request.platform)
        }
        if try await metadata.read({ try $0.container(namespace, key.id) }) != nil { throw Self.taken(key) }
        return ContainerPlan(
            key: key, request: request, runtime: runtime, options: options, snapshotter: snapshotter,
            image: image, labels: Self.labels(for: request, image: image))
    }

    /// What the request alone gives away, all of it at once.
    private static func check(
        _ request: Swctr_V1_ContainerOptions, runtime: String
    ) throws(EngineError) -> (ContainerID, RuntimeOptions) {
        var problems = Problems()
        let id = problems.collect { () throws(EngineError) in try ContainerID(request.id) }
        let options = problems.collect { () throws(EngineError) in
            try RuntimeOptions(
                checking: request.runtime.hasOptions ? request.runtime.options : nil, runtime: runtime,
                cgroup: request.hasCgroup ? request.cgroup : nil)
        }
        problems.collect { () throws(EngineError) in try LabelRule.check(request.labels) }
        if request.rootfs {
            problems.collect { () throws(EngineError) in try checkRootDirectory(request.image) }
        } else if request.image.isEmpty {
            problems.add("image", "must be named", hint: "swctr images ls shows what is here")
        }
        for mount in request.mounts {
            problems.collect { () throws(EngineError) in try checkMount(mount) }
        }
        for variable in request.env where variable.isEmpty || variable.hasPrefix("=") {
            problems.add("environment variable \"\(variable)\"", "must be NAME=VALUE, or NAME to remove it")
        }
        if (request.env + request.args).contains(where: { $0.utf8.contains(0) }) {
            problems.add("command", "an argument or variable contains a zero byte")
        }
        if request.hostname.utf8.count > 64 { problems.add("hostname", "is longer than the 64 bytes Linux allows") }
        if request.hasCgroup, request.cgroup.split(separator: "/").contains("..") {
            problems.add("cgroup \"\(request.cgroup)\"", "must not contain ..")
        }
        try problems.raise()
        guard let id, let options else { preconditionFailure("what was not made raised a problem") }
        return (id, options)
    }

    /// A bind mount's source is looked for now: the runtime would say so too, after half of a container exists.
    private static func checkMount(_ mount: Swctr_V1_SpecMount) throws(EngineError) {
        let subject = "mount \"\(mount.destination)\""
        guard mount.destination.hasPrefix("/") else {
            throw EngineError(.invalidArgument, subject: subject, message: "destination must be an absolute path")
        }
        let isBind = mount.type == "bind" || mount.options.contains("bind") || mount.options.contains("rbind")
        guard isBind else { return }
        guard mount.source.hasPrefix("/") else {
            throw EngineError(
                .invalidArgument, subject: subject, message: "source \"\(mount.source)\" must be an absolute path")
        }
        if access(mount.source, F_OK) != 0 { throw .system("bind \(mount.source)", subject: subject) }
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
