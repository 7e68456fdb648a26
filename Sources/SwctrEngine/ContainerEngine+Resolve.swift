import Foundation
public import SwctrCore
import SwctrImages
public import SwctrMetadata
import SwctrOCI
public import SwctrProto
import SwctrRuntime
import SwiftProtobuf

extension ContainerEngine {
    /// What `create` and `run` would make of a request; no container comes of it.
    ///
    /// - Throws: what they would refuse.
    public func resolve(
        _ request: Swctr_V1_ContainerOptions, in namespace: Namespace
    ) async throws -> Swctr_V1_ResolveContainerResponse {
        let plan = try await plan(request, in: namespace)
        let document: Data = try await withUnpackedImage(of: plan) { [self] in
            try await withAccounts(of: plan) { mounts in try await spec(for: plan, rootfs: mounts) }
        }
        var response = Swctr_V1_ResolveContainerResponse()
        response.spec = document
        response.runtime.name = plan.runtime.name
        if let options = try plan.options.packed() { response.runtime.options = options }
        response.shim = plan.runtime.shim
        response.snapshotter = plan.image == nil ? "" : plan.snapshotter
        response.labels = plan.labels
        response.image = plan.image?.name ?? ""
        response.imageDigest = plan.image?.target.digest.description ?? ""
        return response
    }

    /// Who lives in the image is read from a view of it, unless it is known.
    private func withAccounts<Value: Sendable>(
        of plan: ContainerPlan, _ body: ([SwctrCore.Mount]) async throws -> Value
    ) async throws -> Value {
        guard let chain = plan.image?.chainID, await !accounts.knows(chain) else { return try await body([]) }
        let key = "resolve-\(UUID().uuidString.lowercased())"
        let namespace = plan.key.namespace
        let mounts = try await snapshots.view(
            namespace, snapshotter: plan.snapshotter, key: key, parent: chain.description)
        do {
            let value = try await body(mounts)
            try await snapshots.remove(namespace, snapshotter: plan.snapshotter, key: key)
            return value
        } catch {
            try? await snapshots.remove(namespace, snapshotter: plan.snapshotter, key: key)
            throw error
        }
    }

    /// Sets labels of a container and removes those whose value is empty.
    ///
    /// - Throws: `.notFound`, `.invalidArgument`.
    public func label(_ key: ContainerKey, _ changes: Labels) async throws -> ContainerRecord {
        try LabelRule.check(changes)
        if changes[ContainerRecord.nameLabel] != nil {
            throw EngineError(
                .invalidArgument, subject: "label \"\(ContainerRecord.nameLabel)\"",
                message: "is the container's name", hint: "use swctr rename")
        }
        let record = try await metadata.write { tx in
            guard var record = try tx.container(key.namespace, key.id) else {
                throw EngineError(.notFound, subject: key.subject, message: "not found")
            }
            record.labels = record.labels.merging(changes) { $1 }.filter { !$0.value.isEmpty }
            record.updatedAt = Date()
            try tx.updateContainer(record)
            return record
        }
        await publish(
            key.namespace, "/containers/update",
            Swctr_V1_ContainerUpdate.with {
                $0.id = key.id.rawValue
                $0.image = record.image
                $0.labels = record.labels
            })
        return record
    }
}
