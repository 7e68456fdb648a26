import Foundation
public import SwctrCore
import SwctrLinux
public import SwctrMetadata
import SwctrOCI
public import SwctrProto
import SwctrSnapshots
import SwctrTasks

extension ContainerEngine {
    /// Makes record and snapshot; nothing runs yet.
    ///
    /// - Throws: `.invalidArgument`, `.notFound` (image, runtime, user), `.alreadyExists`; nothing is left behind.
    public func create(
        _ request: Swctr_V1_ContainerOptions, in namespace: Namespace
    ) async throws -> ContainerRecord {
        let plan = try await plan(request, in: namespace)
        return try await exclusively(plan.key, "create") {
            try await make(plan, autoRemove: false, runIntent: false).record
        }
    }

    /// A container that was just made.
    struct Made: Sendable {
        var record: ContainerRecord
        var rootfs: [Mount]
    }

    /// Snapshot first, then the record that owns it; the intent tells a later start whom the snapshot was for.
    ///
    /// - Parameter runIntent: leave an intent that undoes the container unless its task gets to run.
    func make(_ plan: ContainerPlan, autoRemove: Bool, runIntent: Bool) async throws -> Made {
        let key = plan.key
        var rootfs: [Mount] = []
        var intent: IntentRecord?
        if let image = plan.image {
            try await images.ensureUnpacked(image, namespace: key.namespace, snapshotter: plan.snapshotter)
            intent = try await metadata.write { tx in
                try tx.ensureNamespace(key.namespace)
                return try tx.addIntent(
                    ContainerIntent(snapshotter: plan.snapshotter, snapshotKey: key.id.rawValue).record(for: key))
            }
            rootfs = try await snapshots.prepare(
                key.namespace, snapshotter: plan.snapshotter, key: key.id.rawValue, parent: image.chainID?.description)
        }
        do {
            let record = try await record(for: plan, rootfs: rootfs, autoRemove: autoRemove)
            let owned = intent?.id
            try await metadata.write { tx in
                try tx.ensureNamespace(key.namespace)
                do { try tx.createContainer(record) } catch let error where error.code == .alreadyExists {
                    throw Self.taken(key)
                }
                if let owned { try tx.removeIntent(owned) }
                if runIntent { _ = try tx.addIntent(IntentRecord(namespace: key.namespace, kind: .run, subject: key.id.rawValue)) }
            }
            var event = Swctr_V1_ContainerCreate()
            event.id = key.id.rawValue
            event.image = record.image
            event.runtime = record.runtimeName
            await publish(key.namespace, "/containers/create", event)
            return Made(record: record, rootfs: rootfs)
        } catch {
            if let intent { await dropSnapshot(of: key, intent) }
            throw error
        }
    }

    private func record(for plan: ContainerPlan, rootfs: [Mount], autoRemove: Bool) async throws -> ContainerRecord {
        let key = plan.key
        let request = plan.request
        let directory = request.rootfs ? request.image : nil
        let users = try await accounts.accounts(mounts: rootfs, directory: directory, cacheKey: plan.image?.chainID)
        let spec = try SpecBuilder.build(
            SpecRequest(request, key: key), image: plan.image.map { SpecRequest.ImageDefaults($0.config) }, users: users,
            host: try HostFacts.gather(privileged: request.privileged, network: request.netHost))
        let now = Date()
        return ContainerRecord(
            namespace: key.namespace, id: key.id, image: request.rootfs ? "" : plan.image?.name ?? request.image,
            labels: plan.labels, runtimeName: plan.runtime.name,
            runtimeOptions: try plan.options?.serializedBytes(), spec: try spec.encoded(),
            snapshotter: request.rootfs ? "" : plan.snapshotter,
            snapshotKey: request.rootfs ? "" : key.id.rawValue, autoRemove: autoRemove, createdAt: now, updatedAt: now)
    }
}

extension Spec {
    /// `config.json`: sorted keys, so that equal specifications are equal bytes.
    public func encoded() throws(EngineError) -> Data {
        do { return try JSONCoding.encoder().encode(self) } catch {
            throw EngineError(.internal, subject: "config.json", message: "cannot be encoded", causes: ["\(error)"])
        }
    }

    /// The specification that a record keeps.
    public init(record: ContainerRecord) throws(EngineError) {
        do { self = try JSONDecoder().decode(Spec.self, from: record.spec) } catch {
            throw EngineError(
                .dataLoss, subject: "container \"\(record.id)\"", message: "its stored specification cannot be read",
                causes: ["\(error)"])
        }
    }
}

/// How documents are written.
enum JSONCoding {
    static func encoder() -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }
}
