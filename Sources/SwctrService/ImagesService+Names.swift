import Foundation
import SwctrCore
import SwctrImages
import SwctrMetadata
import SwctrOCI
import SwctrProto
import SwctrRPC
import SwctrSnapshots
import SwctrWire
import SwiftProtobuf

extension ImagesService {
    func registerNames(on router: inout RPCRouter) {
        router.unary(ServiceName.images, "Tag") {
            (request: Swctr_V1_TagImageRequest, context) -> Swctr_V1_TagImageResponse in
            let names = try await images.tag(
                try context.namespace, request.source, as: request.targets, force: request.force,
                checks: !request.skipReferenceCheck)
            return .with { $0.names = names }
        }
        router.unary(ServiceName.images, "SetLabels") {
            (request: Swctr_V1_SetImageLabelsRequest, context) -> Swctr_V1_SetImageLabelsResponse in
            let labels = try await images.setLabels(
                try context.namespace, request.name, request.labels, replaces: request.replaceAll)
            return .with { $0.labels = labels }
        }
        router.unary(ServiceName.images, "Prune") {
            (_: Swctr_V1_PruneImagesRequest, context) -> Swctr_V1_PruneImagesResponse in
            let names = try await images.prune(try context.namespace)
            return .with { $0.names = names }
        }
        router.unary(ServiceName.images, "Check") {
            (request: Swctr_V1_CheckImagesRequest, context) -> Swctr_V1_CheckImagesResponse in
            let filter = try Filter(request.filters)
            var response = Swctr_V1_CheckImagesResponse()
            for record in try await images.list(try context.namespace) where filter.matches(record.field) {
                // Of a damaged one, that nothing of it is known.
                let found = try? await images.check(record, snapshotter: snapshotter(request.snapshotter))
                response.images.append(
                    .with {
                        $0.image = message(record)
                        $0.present = UInt32(found?.present ?? 0)
                        $0.required = UInt32(found?.required ?? 0)
                        $0.presentSize = found?.presentSize ?? 0
                        $0.requiredSize = found?.requiredSize ?? 0
                        $0.unpacked = found?.isUnpacked ?? false
                    })
            }
            return response
        }
        router.unary(ServiceName.images, "Usage") {
            (request: Swctr_V1_ImageUsageRequest, context) -> Swctr_V1_ImageUsageResponse in
            let usages = try await images.usage(
                try context.namespace, request.name, snapshotter: snapshotter(request.snapshotter))
            return .with { $0.layers = usages.map { Swctr_V1_SnapshotUsage($0.key, $0.usage) } }
        }
        router.unary(ServiceName.images, "Mount") {
            (request: Swctr_V1_MountImageRequest, context) -> Swctr_V1_MountImageResponse in
            guard !request.target.isEmpty else {
                throw EngineError(.invalidArgument, operation: "mount", subject: "target", message: "must be named")
            }
            let made = try await images.prepareMount(
                try context.namespace, request.name, target: request.target,
                platform: request.platform.isEmpty ? nil : request.platform,
                snapshotter: snapshotter(request.snapshotter), writable: request.writable,
                expires: request.expiresAfter > 0 ? Date().addingTimeInterval(Double(request.expiresAfter)) : nil,
                labels: request.labels)
            return .with {
                $0.chainID = made.chainID
                $0.mounts = made.mounts.map(Swctr_V1_Mount.init)
            }
        }
        router.unary(ServiceName.images, "Unmount") {
            (request: Swctr_V1_UnmountImageRequest, context) -> Swctr_V1_UnmountImageResponse in
            try await images.removeMount(
                try context.namespace, target: request.target, snapshotter: snapshotter(request.snapshotter))
            return Swctr_V1_UnmountImageResponse()
        }
        router.serverStream(ServiceName.images, "Export") {
            (request: Swctr_V1_ExportRequest, responder: RPCResponder<Swctr_V1_ExportResponse>, context) in
            if request.images.isEmpty {
                throw EngineError(.invalidArgument, operation: "export", message: "no image is named")
            }
            var options = ExportOptions(
                platforms: request.allPlatforms
                    ? [] : request.platforms.isEmpty ? [.host] : try Self.platforms(request.platforms))
            options.writesDockerManifest = !request.skipManifestJson
            options.skipsNonDistributable = request.skipNonDistributable
            try await images.export(try context.namespace, request.images, options) { bytes in
                try await responder.send(.with { $0.data = Data(bytes) })
            }
        }
    }

    private func snapshotter(_ name: String) -> String { name.isEmpty ? defaultSnapshotter : name }
}

extension Swctr_V1_SnapshotUsage {
    init(_ key: String, _ usage: SnapshotUsage) {
        self.init()
        self.key = key
        size = usage.size
        inodes = usage.inodes
    }
}

extension Swctr_V1_Mount {
    init(_ mount: Mount) {
        self.init()
        type = mount.type
        source = mount.source
        options = mount.options
    }
}
