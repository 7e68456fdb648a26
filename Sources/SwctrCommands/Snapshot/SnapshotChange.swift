import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

/// How the mounts of a new snapshot are shown.
struct MountsFlags: ParsableArguments {
    @Option("-t", "--target", valueName: "directory", help: "Print the commands that mount it there.")
    var target: String?

    @Flag("--mounts", help: "Print the mounts as JSON.")
    var mounts = false

    func show(_ answer: Swctr_V1_SnapshotMountsResponse) {
        if let target {
            for mount in answer.mounts { emit(MountCommand(mount).line(at: target)) }
        } else if mounts {
            let list = answer.mounts.map { mount in
                JSONValue.object([
                    .init("Type", .string(mount.type)), .init("Source", .string(mount.source)),
                    .init("Target", .string("")), .init("Options", .array(mount.options.map { .string($0) })),
                ])
            }
            emit(JSONValue.array(list).formatted())
        }
    }
}

struct SnapshotPrepare: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a writable snapshot of a committed one")

    @OptionGroup
    var show: MountsFlags

    @OptionGroup
    var driver: SnapshotterFlag

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("key", help: "Key of the new one.")
    var key: String

    @Argument("parent", help: "Committed one (default: nothing).")
    var parent: String?

    var action: Action { Action("prepare snapshot", key) }

    func execute() throws(EngineError) -> Int32 {
        var request = Swctr_V1_PrepareSnapshotRequest()
        request.snapshotter = driver.name
        request.key = key
        request.parent = parent ?? ""
        request.labels = ["containerd.io/gc.root": "made by snapshots prepare"]
        show.show(try global.connect().call(ServiceName.snapshots, "Prepare", request))
        return 0
    }
}

struct SnapshotView: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a read-only snapshot of a committed one")

    @OptionGroup
    var show: MountsFlags

    @OptionGroup
    var driver: SnapshotterFlag

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("key", help: "Key of the new one.")
    var key: String

    @Argument("parent", help: "Committed one (default: nothing).")
    var parent: String?

    var action: Action { Action("view snapshot", key) }

    func execute() throws(EngineError) -> Int32 {
        var request = Swctr_V1_PrepareSnapshotRequest()
        request.snapshotter = driver.name
        request.key = key
        request.parent = parent ?? ""
        request.view = true
        show.show(try global.connect().call(ServiceName.snapshots, "Prepare", request))
        return 0
    }
}

struct SnapshotCommit: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "End writing to a snapshot and give it its lasting key",
        discussion: "It stays until it is removed, whether or not an image needs it.")

    @OptionGroup
    var driver: SnapshotterFlag

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("key", help: "Lasting key.")
    var key: String

    @Argument("active", help: "Key of the writable one.")
    var active: String

    var action: Action { Action("commit snapshot", active) }

    func execute() throws(EngineError) -> Int32 {
        var request = Swctr_V1_CommitSnapshotRequest()
        request.snapshotter = driver.name
        request.key = active
        request.name = key
        _ = try global.connect().call(
            ServiceName.snapshots, "Commit", request, returning: Swctr_V1_CommitSnapshotResponse.self)
        return 0
    }
}

struct SnapshotLabel: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Set and clear labels of a snapshot",
        discussion: "KEY= clears a label. Prints all labels that it has then.")

    @OptionGroup
    var driver: SnapshotterFlag

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("key", help: "Key.")
    var key: String

    @Argument("key=value", help: "Labels; none: print only.")
    var labels: [String] = []

    var action: Action { Action("label snapshot", key) }

    func execute() throws(EngineError) -> Int32 {
        var request = Swctr_V1_SetSnapshotLabelsRequest()
        request.snapshotter = driver.name
        request.key = key
        request.labels = try Wording.labels(labels)
        let answer: Swctr_V1_SetSnapshotLabelsResponse = try global.connect().call(
            ServiceName.snapshots, "SetLabels", request)
        emit(Wording.labels(answer.labels))
        return 0
    }
}

struct SnapshotUnpack: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Unpack the layers of an image's manifest",
        discussion: "Prints the chain ID of the whole.")

    @Flag("--sync-fs", help: "Have the files on the disk when it returns; they always are.")
    var syncFs = false

    @OptionGroup
    var driver: SnapshotterFlag

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("digest", help: "Digest of a manifest, or of an image's index.")
    var digest: String

    var action: Action { Action("unpack", digest) }

    func execute() throws(EngineError) -> Int32 {
        var request = Swctr_V1_UnpackSnapshotRequest()
        request.snapshotter = driver.name
        request.digest = try Digest(digest).description
        let answer: Swctr_V1_UnpackSnapshotResponse = try global.connect().call(
            ServiceName.snapshots, "Unpack", request)
        emit(answer.chainID)
        return 0
    }
}

struct SnapshotDelete: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Remove snapshots that nothing stands on")

    @OptionGroup
    var driver: SnapshotterFlag

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("keys", help: "Keys.")
    var keys: [String]

    var action: Action { Action("remove snapshot", keys.count == 1 ? keys[0] : "") }

    func execute() throws(EngineError) -> Int32 {
        let client = try global.connect()
        for key in keys {
            var request = Swctr_V1_DeleteSnapshotRequest()
            request.snapshotter = driver.name
            request.key = key
            do throws(EngineError) {
                _ = try client.call(
                    ServiceName.snapshots, "Delete", request, returning: Swctr_V1_DeleteSnapshotResponse.self)
            } catch {
                throw error.during("remove", of: "snapshot \"\(key)\"")
            }
        }
        return 0
    }
}
