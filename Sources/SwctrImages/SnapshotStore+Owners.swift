import Foundation
import Glibc
public import SwctrCore
import SwctrLinux
import SwctrMetadata
public import SwctrSnapshots

extension SnapshotStore {
    /// A committed snapshot with the content of another one and shifted owners; made once, and found again by its name.
    ///
    /// - Parameters:
    ///   - name: what it is called.
    ///   - parent: the snapshot with the content.
    ///   - scratch: a folder for a short-lived mount, this call's own.
    /// - Throws: `.notFound` for snapshotter and parent; `.invalidArgument` for an owner that cannot be shifted.
    public func prepareShifted(
        _ namespace: Namespace, snapshotter: String, name: String, parent: String, by shift: OwnerShift,
        scratch: String
    ) async throws {
        let there = try await metadata.read { try $0.snapshot(namespace, snapshotter, name) }
        if there?.kind == .committed { return }
        let driver = try self.snapshotter(snapshotter)
        let made = try await make(
            .active, namespace, snapshotter, "\(name)-\(UUID().uuidString.lowercased())", parent, untilCommit: true)
        do {
            let mounts = try driver.mounts(made.record.id, parents: made.parents, readOnly: false)
            try await BlockingWork.run { () throws(EngineError) in
                defer { rmdir(scratch) }
                try shift.apply(to: mounts, mountingAt: scratch)
            }
            try await commit(made, as: name)
        } catch {
            await undo(made)
            // Somebody else was faster; what they made is the same.
            if (error as? EngineError)?.code == .alreadyExists { return }
            throw error
        }
    }
}
