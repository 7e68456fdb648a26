import SwctrRuntime
import SwiftProtobuf
import SwctrImages
import Foundation
public import SwctrCore
public import SwctrMetadata
import SwctrOCI
import SwctrSeccomp
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
            try await withImage(of: plan) { [self] parent in
                let base = try await prepareSnapshot(plan, on: parent)
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
    }

    /// Runs `body` with the image's layers unpacked; they stay at least until it has returned, whoever removes the image
    /// meanwhile.
    func withUnpackedImage<Value: Sendable>(
        of plan: ContainerPlan, _ body: @Sendable () async throws -> Value
    ) async throws -> Value {
        guard let image = plan.image else { return try await body() }
        return try await images.withUnpacked(
            image, namespace: plan.key.namespace, snapshotter: plan.snapshotter, body)
    }

    /// The same for what is to stand on the image.
    ///
    /// - Parameter body: gets the snapshot to stand on; nil for an image without layers, and without an image.
    func withImage<Value: Sendable>(
        of plan: ContainerPlan, _ body: @Sendable (_ parent: String?) async throws -> Value
    ) async throws -> Value {
        try await withUnpackedImage(of: plan) { [self] in try await body(try await snapshotParent(plan)) }
    }

    /// A root file system, and the intent that names it until a row does.
    struct Base: Sendable {
        var rootfs: [Mount] = []
        var intent: IntentRecord?
    }

    func prepareSnapshot(_ plan: ContainerPlan, on parent: String?) async throws -> Base {
        guard plan.image != nil else { return Base() }
        let key = plan.key
        let intent = try await metadata.write { tx in
            try tx.ensureNamespace(key.namespace)
            return try tx.addIntent(
                SnapshotIntent(snapshotter: plan.snapshotter, snapshotKey: key.id.rawValue).record(for: key))
        }
        do {
            let mounts = try await snapshots.prepare(
                key.namespace, snapshotter: plan.snapshotter, key: key.id.rawValue, parent: parent,
                labels: plan.request.snapshotLabels)
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
        if let name = record.name, let other = try tx.containerID(record.namespace, idOrName: name) {
            throw taken(name, by: other)
        }
        if let other = try tx.containerID(record.namespace, idOrName: record.id.rawValue), other != record.id {
            throw taken(record.id.rawValue, by: other)
        }
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
        let now = Date()
        let hasSnapshot = plan.image != nil
        return ContainerRecord(
            namespace: key.namespace, id: key.id, image: plan.image?.name ?? "", labels: plan.labels,
            runtimeName: plan.runtime.name, runtimeOptions: try plan.options.packed()?.serializedBytes(),
            spec: try await spec(for: plan, rootfs: rootfs), snapshotter: hasSnapshot ? plan.snapshotter : "",
            snapshotKey: hasSnapshot ? key.id.rawValue : "", autoRemove: autoRemove, createdAt: now, updatedAt: now)
    }

    /// `config.json`: the user's own, or one made of image and request.
    func spec(for plan: ContainerPlan, rootfs: [Mount]) async throws -> Data {
        if let given = plan.givenSpec { return given.document }
        let request = plan.request
        let users = try await accounts.accounts(
            mounts: rootfs, directory: request.rootfs ? request.image : nil, cacheKey: plan.image?.chainID)
        return try Self.spec(for: plan, try SpecRequest(request, key: plan.key), users).encoded()
    }

    /// Everything about the specification that is wrong whoever lives in the image, found before anything is made.
    static func rehearse(_ plan: ContainerPlan) throws(EngineError) {
        if plan.givenSpec != nil { return }
        var wanted = try SpecRequest(plan.request, key: plan.key)
        wanted.user = "0"
        if let filter = try spec(for: plan, wanted, UserDatabase()).linux.seccomp {
            try SeccompCompiler.compile(filter)
        }
    }

    private static func spec(
        for plan: ContainerPlan, _ request: SpecRequest, _ users: UserDatabase
    ) throws(EngineError) -> Spec {
        var request = request
        request.apparmorProfile = plan.apparmorProfile
        var spec = try SpecBuilder.build(
            request, image: plan.image.map { SpecRequest.ImageDefaults($0.config) }, users: users, host: plan.host)
        spec.linux.seccomp = spec.linux.seccomp.map(SeccompCompiler.pruned)
        return spec
    }
}
