import Foundation
import SwctrContent
public import SwctrCore
public import SwctrMetadata
import SwctrOCI
public import SwctrSnapshots

extension ImageStore {
    /// Gives an image more names.
    ///
    /// - Parameters:
    ///   - force: a name in use moves.
    ///   - checks: whether names must be full references.
    /// - Returns: the names as they are stored.
    /// - Throws: `.alreadyExists`, and nothing is changed; `.notFound` for the source; `.invalidArgument` for a name.
    public func tag(
        _ namespace: Namespace, _ source: String, as targets: [String], force: Bool, checks: Bool
    ) async throws -> [String] {
        var names: [String] = []
        for target in targets {
            if checks { _ = try Reference(target) }
            try Reference.checkImageName(target)
            names.append(target)
        }
        let record = try await get(namespace, source)
        let now = Date()
        let wanted = names
        let events = try await metadata.write { tx -> [ImageEvent] in
            var events: [ImageEvent] = []
            // It may have been removed since.
            guard let current = try tx.image(namespace, record.name) else {
                throw EngineError(.notFound, subject: "image \"\(record.name)\"", message: "not found")
            }
            for name in wanted {
                let old = try tx.image(namespace, name)
                if old != nil, !force {
                    throw EngineError(
                        .alreadyExists, subject: "image \"\(name)\"", message: "already exists",
                        hint: "--force moves it")
                }
                var tagged = current
                tagged.name = name
                (tagged.createdAt, tagged.updatedAt) = (old?.createdAt ?? now, now)
                try tx.upsertImage(tagged)
                events.append(old == nil ? .created(name) : .updated(name))
            }
            return events
        }
        for event in events { await notify(namespace, event) }
        await publishIndex()
        return names
    }

    /// Changes labels; an empty value takes one away.
    ///
    /// - Parameter replaces: takes all others away.
    /// - Returns: the labels after it.
    public func setLabels(
        _ namespace: Namespace, _ name: String, _ changes: Labels, replaces: Bool
    ) async throws -> Labels {
        let record = try await get(namespace, name)
        let labels = try await metadata.write { tx -> Labels in
            guard var current = try tx.image(namespace, record.name) else {
                throw EngineError(.notFound, subject: "image \"\(name)\"", message: "not found")
            }
            current.labels = (replaces ? [:] : current.labels).merging(changes) { $1 }.filter { !$0.value.isEmpty }
            current.updatedAt = Date()
            try tx.upsertImage(current)
            return current.labels
        }
        await notify(namespace, .updated(record.name))
        return labels
    }

    /// Removes every image that no container of the namespace names, and collects what that frees.
    ///
    /// - Returns: the names that are gone.
    public func prune(_ namespace: Namespace) async throws -> [String] {
        let names = try await metadata.write { tx -> [String] in
            let used = Set(try tx.containers(in: namespace).map(\.image))
            var names: [String] = []
            for image in try tx.images(in: namespace) where !used.contains(image.name) {
                if try tx.deleteImage(namespace, image.name) { names.append(image.name) }
            }
            return names
        }
        for name in names { await notify(namespace, .deleted(name)) }
        if !names.isEmpty { await publishIndex() }
        try await collect()
        return names
    }

    /// How much of an image is here.
    public struct Completeness: Sendable {
        /// Parts, and their bytes, that are here and that it has.
        public var present = 0
        public var required = 0
        public var presentSize: Int64 = 0
        public var requiredSize: Int64 = 0
        public var isUnpacked = false
    }

    /// Looks at the image for this machine's platform, or at its first one where there is none.
    public func check(_ image: ImageRecord, snapshotter: String) async throws -> Completeness {
        var found = Completeness()
        func count(_ descriptor: Descriptor) {
            found.required += 1
            found.requiredSize += descriptor.size
            if content.size(of: descriptor.digest) == descriptor.size {
                found.present += 1
                found.presentSize += descriptor.size
            }
        }
        count(image.target)
        guard content.contains(image.digest) else { return found }
        let offered = try graph.manifests(of: image.target)
        guard let manifest = (Platform.host.best(of: offered, platform: { $0.1 }) ?? offered.first)?.0 else {
            return found
        }
        if manifest.digest != image.digest { count(manifest) }
        let document = try graph.manifest(manifest)
        for part in [document.config] + document.layers { count(part) }
        guard content.contains(document.config.digest), document.config.mediaType.isImageConfig,
            let top = try ChainID.all(of: graph.config(document.config).rootfs.diffIDs).last
        else { return found }
        found.isUnpacked = try await metadata.read { tx in
            try tx.snapshot(image.namespace, snapshotter, "\(top)")?.kind == .committed
        }
        return found
    }

    /// What the image's unpacked layers take, the top one first.
    ///
    /// - Throws: `.notFound`; `.failedPrecondition` where it is not unpacked.
    public func usage(
        _ namespace: Namespace, _ name: String, snapshotter: String
    ) async throws -> [(key: String, usage: SnapshotUsage)] {
        let image = try await resolve(namespace, name, platform: nil)
        var usages: [(key: String, usage: SnapshotUsage)] = []
        for chain in try ChainID.all(of: image.config.rootfs.diffIDs).reversed() {
            do {
                let usage = try await snapshots.usage(namespace, snapshotter: snapshotter, key: "\(chain)")
                usages.append(("\(chain)", usage))
            } catch let error as EngineError where error.code == .notFound {
                throw EngineError(
                    .failedPrecondition, subject: "image \"\(name)\"",
                    message: "is not unpacked for snapshotter \(snapshotter)")
            }
        }
        return usages
    }
}
