import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

/// Which snapshotter is meant.
struct SnapshotterFlag: ParsableArguments {
    @Option("--snapshotter", valueName: "name", help: "Snapshotter (default: $SWCTR_SNAPSHOTTER, else the manager's).")
    var snapshotter: String?

    var name: String { snapshotter ?? environment("SWCTR_SNAPSHOTTER") ?? "" }
}

struct SnapshotTree: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show which snapshots stand on which")

    @OptionGroup
    var driver: SnapshotterFlag

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    var action: Action { Action("list snapshots") }

    func execute() throws(EngineError) -> Int32 {
        var request = Swctr_V1_ListSnapshotsRequest()
        request.snapshotter = driver.name
        let answer: Swctr_V1_ListSnapshotsResponse = try global.connect().call(ServiceName.snapshots, "List", request)
        let children = Dictionary(grouping: answer.snapshots, by: \.parent)
        // Without recursion: a chain may be as long as an image has layers.
        var stack = (children[""] ?? []).sorted { $0.key < $1.key }.reversed().map { ($0.key, 0) }
        while let (key, depth) = stack.popLast() {
            emit(depth == 0 ? " \(key)" : String(repeating: " ", count: 2 * depth) + "\\_ \(key)")
            stack += (children[key] ?? []).sorted { $0.key < $1.key }.reversed().map { ($0.key, depth + 1) }
        }
        return 0
    }
}

struct SnapshotInfo: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print what is known of a snapshot, as JSON")

    @OptionGroup
    var driver: SnapshotterFlag

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("key", help: "Key.")
    var key: String

    var action: Action { Action("info of snapshot", key) }

    func execute() throws(EngineError) -> Int32 {
        var request = Swctr_V1_GetSnapshotRequest()
        request.snapshotter = driver.name
        request.key = key
        let answer: Swctr_V1_GetSnapshotResponse = try global.connect().call(ServiceName.snapshots, "Get", request)
        let snapshot = answer.snapshot
        let document = JSONValue.object([
            .init("Kind", .string(snapshot.kind.word)), .init("Name", .string(snapshot.key)),
            .init("Parent", .string(snapshot.parent)), .init("Labels", .strings(snapshot.labels)),
            .init("Created", .string(Wording.moment(snapshot.createdAt))),
            .init("Updated", .string(Wording.moment(answer.updatedAt))),
        ])
        emit(document.formatted())
        return 0
    }
}

struct SnapshotUsage: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what snapshots take, without what they stand on")

    @Flag("-b", "--bytes", help: "Show bytes as plain numbers.")
    var bytes = false

    @OptionGroup
    var driver: SnapshotterFlag

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("keys", help: "Keys; none: all.")
    var keys: [String] = []

    var action: Action { Action("usage of snapshots") }

    func execute() throws(EngineError) -> Int32 {
        var request = Swctr_V1_SnapshotUsageRequest()
        request.snapshotter = driver.name
        request.keys = keys
        let answer: Swctr_V1_SnapshotUsageResponse = try global.connect().call(ServiceName.snapshots, "Usage", request)
        var table = Table(["KEY", "SIZE", "INODES"])
        for snapshot in answer.snapshots {
            table.add([snapshot.key, bytes ? "\(snapshot.size)" : Wording.bytes(snapshot.size), "\(snapshot.inodes)"])
        }
        table.print()
        return 0
    }
}

struct SnapshotMounts: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the commands that mount a snapshot at a directory")

    @OptionGroup
    var driver: SnapshotterFlag

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("target", help: "Directory.")
    var target: String

    @Argument("key", help: "Key.")
    var key: String

    var action: Action { Action("mounts of snapshot", key) }

    func execute() throws(EngineError) -> Int32 {
        var request = Swctr_V1_SnapshotMountsRequest()
        request.snapshotter = driver.name
        request.key = key
        let answer: Swctr_V1_SnapshotMountsResponse = try global.connect().call(
            ServiceName.snapshots, "Mounts", request)
        for mount in answer.mounts { emit(MountCommand(mount).line(at: target)) }
        return 0
    }
}

struct SnapshotDiff: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write what a snapshot changes as a layer to standard output")

    @Option("--media-type", valueName: "type", help: "Media type of the layer, which says its compression.")
    var mediaType = "application/vnd.oci.image.layer.v1.tar+gzip"

    @Flag("--keep", help: "Keep the layer in the content store too; its digest goes to standard error.")
    var keep = false

    @Option("--label", valueName: "key=value", help: "Label of the kept layer; may be repeated.")
    var label: [String] = []

    @OptionGroup
    var driver: SnapshotterFlag

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("key", help: "Key.")
    var key: String

    @Argument("other", help: "What it is compared with (default: what it stands on).")
    var other: String?

    var action: Action { Action("diff of snapshot", key) }

    func validate() throws(ValidationError) {
        if !label.isEmpty, !keep { throw ValidationError("--label needs --keep") }
    }

    func execute() throws(EngineError) -> Int32 {
        var request = Swctr_V1_DiffSnapshotRequest()
        request.snapshotter = driver.name
        request.key = key
        request.other = other ?? ""
        request.mediaType = mediaType
        request.keep = keep
        request.labels = try Wording.labels(label)
        if keep { request.labels["containerd.io/gc.root"] = "kept by snapshots diff" }
        try global.connect().stream(
            ServiceName.snapshots, "Diff", request, returning: Swctr_V1_DiffSnapshotResponse.self
        ) {
            part throws(EngineError) in
            switch part.part {
            case .data(let bytes): return try emit([UInt8](bytes))
            case .descriptor(let layer):
                if keep { complain("kept \(layer.digest)") }
                return true
            case nil: return true
            }
        }
        return 0
    }
}
