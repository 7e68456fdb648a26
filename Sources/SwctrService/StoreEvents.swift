import SwctrImages
import SwctrProto
import SwiftProtobuf

// What the stores tell, as it is published.

extension ImageEvent {
    var topic: String {
        switch self {
        case .created: "/images/create"
        case .updated: "/images/update"
        case .deleted: "/images/delete"
        }
    }

    var message: any Message {
        switch self {
        case .created(let name): Swctr_V1_ImageCreate.with { $0.name = name }
        case .updated(let name): Swctr_V1_ImageUpdate.with { $0.name = name }
        case .deleted(let name): Swctr_V1_ImageDelete.with { $0.name = name }
        }
    }
}

extension SnapshotEvent {
    var topic: String {
        switch self {
        case .prepared: "/snapshot/prepare"
        case .committed: "/snapshot/commit"
        case .removed: "/snapshot/remove"
        }
    }

    var message: any Message {
        switch self {
        case .prepared(let key, let parent, let snapshotter):
            Swctr_V1_SnapshotPrepare.with {
                $0.key = key
                $0.parent = parent
                $0.snapshotter = snapshotter
            }
        case .committed(let key, let name, let snapshotter):
            Swctr_V1_SnapshotCommit.with {
                $0.key = key
                $0.name = name
                $0.snapshotter = snapshotter
            }
        case .removed(let key, let snapshotter):
            Swctr_V1_SnapshotRemove.with {
                $0.key = key
                $0.snapshotter = snapshotter
            }
        }
    }
}
