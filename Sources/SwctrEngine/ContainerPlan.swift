import SwctrMetadata
import SwctrCore
import SwctrImages
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
    /// nil for a plain directory, and with a specification of the user's own.
    var image: ResolvedImage?
    var labels: Labels
    /// What was looked up on this host for the specification.
    var host: SpecRequest.Host
    /// In place of one that is made.
    var givenSpec: GivenSpec?
    /// Loaded into the kernel; empty: none is set.
    var apparmorProfile = ""

    /// The host's ids of the container's root, where a user namespace makes them others.
    var outsideRoot: (uid: UInt32, gid: UInt32)? {
        if let givenSpec { return givenSpec.spec.outsideRoot }
        guard let uid = IDMapping.host(0, in: request.uidMappings.map(IDMapping.init)),
            let gid = IDMapping.host(0, in: request.gidMappings.map(IDMapping.init))
        else { return nil }
        return (uid, gid)
    }
}

extension Spec {
    var outsideRoot: (uid: UInt32, gid: UInt32)? {
        guard let uid = IDMapping.host(0, in: linux.uidMappings ?? []),
            let gid = IDMapping.host(0, in: linux.gidMappings ?? [])
        else { return nil }
        return (uid, gid)
    }
}

extension ContainerEngine {
    func plan(_ request: Swctr_V1_ContainerOptions, in namespace: Namespace) async throws -> ContainerPlan {
        let runtimeName = request.runtime.name.isEmpty ? defaults.runtime : request.runtime.name
        let given = request.spec.isEmpty ? nil : try GivenSpec(request)
        let (id, options) = try RequestCheck.check(request, runtime: runtimeName, given: given)
        let key = ContainerKey(namespace: namespace, id: id)
        let runtime = try runtimes.resolve(runtimeName)
        let snapshotter = request.snapshotter.isEmpty ? defaults.snapshotter : request.snapshotter
        let host = try HostFacts.gather(for: request)

        var image: ResolvedImage?
        if !request.rootfs, given == nil {
            _ = try snapshots.snapshotter(snapshotter)
            image = try await images.resolve(
                namespace, request.image, platform: request.platform.isEmpty ? nil : request.platform)
        }
        if try await metadata.read({ try $0.container(namespace, key.id) }) != nil { throw Self.taken(key) }
        var labels = Self.labels(for: request, image: image)
        let name = request.randomName ? try await randomName(in: namespace) : request.name
        if !name.isEmpty { labels[ContainerRecord.nameLabel] = name }
        let plan = ContainerPlan(
            key: key, request: request, runtime: runtime, options: options, snapshotter: snapshotter,
            image: image, labels: labels, host: host, givenSpec: given,
            apparmorProfile: try AppArmor.profile(for: request))
        try Self.rehearse(plan)
        return plan
    }

    static func taken(_ key: ContainerKey) -> EngineError {
        EngineError(
            .alreadyExists, subject: key.subject, message: "already exists",
            hint: "choose another id, or remove it with swctr -n \(key.namespace) containers delete \(key.id)")
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
