import Logging
import SwctrContent
import SwctrCore
import SwctrHTTP
import SwctrLinux
import SwctrMetadata
import SwctrOCI
import SwctrSnapshots

/// Unpacks layers into committed snapshots named by their chain ID.
///
/// Layers are unpacked at the same time where the snapshotter keeps each in a directory of its own, and while their
/// bytes arrive; they are committed in order, each after the one beneath it. Who asks for a layer that is being unpacked
/// waits for that.
public actor Unpacker {
    private let content: LocalContentStore
    private let snapshots: SnapshotStore
    private var underWay: [Key: Task<Void, any Error>] = [:]

    private struct Key: Hashable {
        var namespace: Namespace
        var snapshotter: String
        var chainID: Digest
    }

    public init(content: LocalContentStore, snapshots: SnapshotStore) {
        self.content = content
        self.snapshots = snapshots
    }

    /// One layer of an image.
    struct Layer: Sendable {
        var descriptor: Descriptor
        /// Of the uncompressed archive.
        var diffID: Digest
        var chainID: Digest
        /// Chain ID of the layer beneath.
        var parent: Digest?
    }

    /// How an image's layers are unpacked.
    struct Job: Sendable {
        var namespace: Namespace
        var snapshotter: String
        var provider: BlobProvider
        /// Layers that are fetched and unpacked at a time.
        var slots: Slots
    }

    /// - Parameters:
    ///   - layers: lowest first.
    ///   - onLayer: told the number, from 1, and the digest of each layer that is there now.
    /// - Throws: `.failedPrecondition` for a layer whose bytes are not what the configuration says; what the archive, the
    ///   registry or the disk said. Layers below it stay.
    func unpack(
        _ layers: [Layer], _ job: Job, onLayer: @Sendable (Int, Digest) async -> Void
    ) async throws {
        for layer in layers {
            job.provider.hold.keep(
                .snapshot(job.namespace, snapshotter: job.snapshotter, key: layer.chainID.description))
        }
        var tasks: [(task: Task<Void, any Error>, isOwn: Bool)] = []
        for layer in layers { tasks.append(await begin(layer, job, after: tasks.last?.task)) }
        do {
            try await withTaskCancellationHandler {
                for (number, layer) in layers.enumerated() {
                    do { try await tasks[number].task.value } catch {
                        // Another's pull was given up, and this layer, or the one beneath it, with it: it is ours now.
                        let isOver = Task.isCancelled || job.provider.cancellation?.isCancelled == true
                        let wasGivenUp = EngineError(wrapping: error).code == .cancelled
                        guard !isOver, !tasks[number].isOwn || wasGivenUp else { throw error }
                        tasks[number] = await begin(layer, job, after: number == 0 ? nil : tasks[number - 1].task)
                        try await tasks[number].task.value
                    }
                    await onLayer(number + 1, layer.descriptor.digest)
                }
            } onCancel: { [tasks] in
                for entry in tasks where entry.isOwn { entry.task.cancel() }
            }
        } catch {
            // One layer that cannot be had makes the others moot; nothing of them may go on behind the caller's back.
            job.provider.cancellation?.cancel()
            for entry in tasks where entry.isOwn {
                entry.task.cancel()
                _ = try? await entry.task.value
            }
            throw error
        }
    }

    private func begin(
        _ layer: Layer, _ job: Job, after beneath: Task<Void, any Error>?
    ) async -> (task: Task<Void, any Error>, isOwn: Bool) {
        let key = Key(namespace: job.namespace, snapshotter: job.snapshotter, chainID: layer.chainID)
        if let running = underWay[key] { return (running, false) }
        let task = Task { [self] in
            do {
                try await run(layer, job, after: beneath)
                forget(key)
            } catch {
                forget(key)
                throw EngineError(wrapping: error).during("unpack", of: "layer \(layer.descriptor.digest)")
            }
        }
        underWay[key] = task
        return (task, true)
    }

    private func forget(_ key: Key) { underWay[key] = nil }

    // MARK: One layer

    private nonisolated func run(_ layer: Layer, _ job: Job, after beneath: Task<Void, any Error>?) async throws {
        let driver = try snapshots.snapshotter(job.snapshotter)
        if try await isCommitted(layer.chainID, job) {
            // The files are there; the bytes may be wanted all the same.
            if job.provider.fetcher != nil {
                try await job.slots.with { try await job.provider.provide(layer.descriptor, kind: "layer") }
            }
            try await beneath?.value
            job.provider.board?.set(layer.descriptor.digest, .done)
            return
        }
        if let parent = layer.parent, try await !isCommitted(parent, job) {
            if driver.hasIndependentLayers, try await unpackAlone(layer, job, driver, after: beneath) { return }
            if !driver.hasIndependentLayers {
                try await job.slots.with { try await job.provider.provide(layer.descriptor, kind: "layer") }
            }
            try await beneath?.value
        }
        try await unpackOn(layer, job, driver)
    }

    private nonisolated func isCommitted(_ chainID: Digest, _ job: Job) async throws -> Bool {
        try await snapshots.metadata.read { tx in
            try tx.snapshot(job.namespace, job.snapshotter, chainID.description) != nil
        }
    }

    /// Unpacks a layer whose parent is there, or which has none.
    private nonisolated func unpackOn(_ layer: Layer, _ job: Job, _ driver: any Snapshotter) async throws {
        // A second time only where the bytes began anew in the middle.
        for isLast in [false, true] {
            let made = try await make(layer, job, parent: layer.parent)
            do {
                let target = try driver.layerTarget(made.record.id, parents: made.parents)
                let outcome = try await job.slots.with { try await self.apply(layer, job, to: target) }
                if case .unpacked = outcome {
                    try await commit(made, layer, job, driver)
                    return
                }
                if isLast {
                    throw EngineError(.internal, operation: "unpack", message: "the layer could not be placed")
                }
                await snapshots.undo(made)
            } catch {
                await snapshots.undo(made)
                throw error
            }
        }
    }

    /// Unpacks a layer before the one beneath it is there.
    ///
    /// - Returns: false where it turned out that it has to be unpacked anew on the others.
    private nonisolated func unpackAlone(
        _ layer: Layer, _ job: Job, _ driver: any Snapshotter, after beneath: Task<Void, any Error>?
    ) async throws -> Bool {
        let made = try await make(layer, job, parent: nil)
        do {
            var target = try driver.layerTarget(made.record.id, parents: [])
            target.lowers = nil
            let alone = target
            let outcome = try await job.slots.with { try await self.apply(layer, job, to: alone) }
            try await beneath?.value
            guard case .unpacked(let pending) = outcome, let parent = layer.parent else {
                await snapshots.undo(made)
                return false
            }
            let parents = try await snapshots.lineage(job.namespace, snapshotter: job.snapshotter, key: "\(parent)")
            let settled = try driver.layerTarget(made.record.id, parents: parents)
            guard try await BlockingWork.run({ () throws(EngineError) in try pending.settle(settled) }) else {
                await snapshots.undo(made)
                return false
            }
            try await commit(made, layer, job, driver)
            return true
        } catch {
            await snapshots.undo(made)
            throw error
        }
    }

    /// A name of its own: one that was cut off earlier is removed by its intent, and not in the way.
    private nonisolated func make(_ layer: Layer, _ job: Job, parent: Digest?) async throws -> SnapshotStore.Made {
        let scratch = "extract-\(String(UInt64.random(in: .min ... .max), radix: 36)) \(layer.chainID)"
        return try await snapshots.make(
            .active, job.namespace, job.snapshotter, scratch, parent?.description, untilCommit: true)
    }

    private nonisolated func commit(
        _ made: SnapshotStore.Made, _ layer: Layer, _ job: Job, _ driver: any Snapshotter
    ) async throws {
        try await snapshots.commit(made, as: layer.chainID.description, onto: layer.parent?.description)
        job.provider.board?.set(layer.descriptor.digest, .done)
    }

    private nonisolated func apply(
        _ layer: Layer, _ job: Job, to target: LayerTarget
    ) async throws -> LayerUnpack.Outcome {
        let unpack = try LayerUnpack(to: target, diffID: layer.diffID)
        try await job.provider.provide(layer.descriptor, kind: "layer", to: unpack)
        return try await BlockingWork.run { () throws(EngineError) in try unpack.finish() }
    }
}
