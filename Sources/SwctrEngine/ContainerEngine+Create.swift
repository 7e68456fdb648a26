import SwctrRuntime
import SwiftProtobuf
import SwctrImages
import Foundation
public import SwctrCore
public import SwctrMetadata
import SwctrOCI
public import SwctrProto

extension ContainerEngine {
    /// Makes record and snapshot; nothing runs yet.
    ///
    /// - Throws: `.invalidArgument`, `.notFound` (image, runtime, user), `.alreadyExists`; nothing is left behind.
    public func create(
        _ request: Swctr_V1_ContainerOptions, in namespace: Namespace
    ) async throws -> ContainerRecord {
        let plan = try await plan(request, in: namespace)
        return try await exclusively(plan.key) { [self] in
            try await prepareImage(plan)
            let base = try await prepareSnapshot(plan)
            do {
                let record = try await record(for: plan, rootfs: base.rootfs, autoRemove: false)
                try await metadata.write { tx in
                    try Self.insert(record, tx)
                    if let intent = base.intent { try tx.removeIntent(intent.id) }
                }
                await announce(record)
                return record
            } catch {
                if let intent = base.intent { await cleanup.dropSnapshot(intent) }
                throw error
            }
        }
    }

    /// The image's layers, unpacked.
    func prepareImage(_ plan: ContainerPlan) async throws {
        guard let image = plan.image else { return }
        try await images.ensureUnpacked(image, namespace: plan.key.namespace, snapshotter: plan.snapshotter)
    }

    /// A root file system, and the intent that names it until a row does.
    struct Base: Sendable {
        var rootfs: [Mount] = []
        var intent: IntentRecord?
    }

    func prepareSnapshot(_ plan: ContainerPlan) async throws -> Base {
        guard let image = plan.image else { return Base() }
        let key = plan.key
        let intent = try await metadata.write { tx in
            try tx.ensureNamespace(key.namespace)
            return try tx.addIntent(
                SnapshotIntent(snapshotter: plan.snapshotter, snapshotKey: key.id.rawValue).record(for: key))
        }
        do {
            let mounts = try await snapshots.prepare(
                key.namespace, snapshotter: plan.snapshotter, key: key.id.rawValue, parent: image.chainID?.description)
            return Base(rootfs: mounts, intent: intent)
        } catch {
            // A snapshot of this name that was there before is not ours to remove.
            let isForeign = (error as? EngineError)?.code == .alreadyExists
            if isForeign {
                _ = try? await metadata.write { try $0.removeIntent(intent.id) }
            } else {
                await cleanup.dropSnapshot(intent)
            }
            throw error
        }
    }

    static func insert(_ record: ContainerRecord, _ tx: MetadataTransaction) throws {
        try tx.ensureNamespace(record.namespace)
        do throws(EngineError) {
            try tx.createContainer(record)
        } catch  where error.code == .alreadyExists {
            throw taken(ContainerKey(namespace: record.namespace, id: record.id))
        }
    }

    func announce(_ record: ContainerRecord) async {
        await publish(
            record.namespace, "/containers/create",
            Swctr_V1_ContainerCreate.with {
                $0.id = record.id.rawValue
                $0.image = record.image
                $0.runtime = record.runtimeName
            })
    }

    func record(for plan: ContainerPlan, rootfs: [Mount], autoRemove: Bool) async throws -> ContainerRecord {
        let key = plan.key
        let request = plan.request
        let users = try await accounts.accounts(
            mounts: rootfs, directory: request.rootfs ? request.image : nil, cacheKey: plan.image?.chainID)
        let spec = try SpecBuilder.build(
            SpecRequest(request, key: key), image: plan.image.map { SpecRequest.ImageDefaults($0.config) },
            users: users,
            host: try HostFacts.gather(privileged: request.privileged, network: request.netHost))
        let now = Date()
        return ContainerRecord(
            namespace: key.namespace, id: key.id, image: plan.image?.name ?? "", labels: plan.labels,
            runtimeName: plan.runtime.name, runtimeOptions: try plan.options.packed()?.serializedBytes(),
            spec: try spec.encoded(), snapshotter: request.rootfs ? "" : plan.snapshotter,
            snapshotKey: request.rootfs ? "" : key.id.rawValue, autoRemove: autoRemove, createdAt: now, updatedAt: now)
    }
}
