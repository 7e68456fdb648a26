import Foundation
import SwctrCore
import SwctrImages
import SwctrOCI
import SwctrProto
import SwctrSnapshots

extension ContainerEngine {
    /// The snapshot that a container's own stands on: the image's, or with a user namespace a copy of it whose files
    /// belong to the ids that the namespace's are outside.
    func snapshotParent(_ plan: ContainerPlan) async throws -> String? {
        guard let chain = plan.image?.chainID?.description else { return nil }
        let (uids, gids) = (plan.request.uidMappings.map(IDMapping.init), plan.request.gidMappings.map(IDMapping.init))
        if uids.isEmpty { return chain }
        let name = "\(chain)-owners-\(Self.text(uids))-\(Self.text(gids))"
        try await snapshots.prepareShifted(
            plan.key.namespace, snapshotter: plan.snapshotter, name: name, parent: chain,
            by: OwnerShift(
                uid: { IDMapping.host($0, in: uids) }, gid: { IDMapping.host($0, in: gids) }),
            scratch: "\(accounts.scratch)/owners-\(UUID().uuidString.lowercased())")
        return name
    }

    private static func text(_ mappings: [IDMapping]) -> String {
        mappings.map { "\($0.containerID).\($0.hostID).\($0.size)" }.joined(separator: "_")
    }
}

extension IDMapping {
    init(_ message: Swctr_V1_IDMapping) {
        self.init(containerID: message.containerID, hostID: message.hostID, size: message.size)
    }
}
