import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct SnapshotsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Work with snapshots: the layers of images and what containers wrote",
        discussion: "--snapshotter may also stand before the command's word.",
        subcommands: [
            Subcommand("ls", SnapshotList.self, aliases: ["list"]),
            Subcommand("tree", SnapshotTree.self),
            Subcommand("info", SnapshotInfo.self),
            Subcommand("usage", SnapshotUsage.self),
            Subcommand("prepare", SnapshotPrepare.self),
            Subcommand("view", SnapshotView.self),
            Subcommand("mounts", SnapshotMounts.self, aliases: ["m", "mount"]),
            Subcommand("commit", SnapshotCommit.self),
            Subcommand("diff", SnapshotDiff.self),
            Subcommand("label", SnapshotLabel.self),
            Subcommand("unpack", SnapshotUnpack.self),
            Subcommand("rm", SnapshotDelete.self, aliases: ["delete", "del", "remove"]),
        ],
        leadingOptions: [LeadingOption("--snapshotter")])
}

struct SnapshotList: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "List snapshots")

    @Option("--snapshotter", valueName: "name", help: "Snapshotter (default: $SWCTR_SNAPSHOTTER, else the manager's).")
    var snapshotter: String?

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    var action: Action { Action("list snapshots") }

    func execute() throws(EngineError) -> Int32 {
        var request = Swctr_V1_ListSnapshotsRequest()
        request.snapshotter = snapshotter ?? environment("SWCTR_SNAPSHOTTER") ?? ""
        let response: Swctr_V1_ListSnapshotsResponse = try global.connect().call(
            ServiceName.snapshots, "List", request)
        var table = Table(["KEY", "PARENT", "KIND"])
        for snapshot in response.snapshots { table.add([snapshot.key, snapshot.parent, snapshot.kind.word]) }
        table.print()
        return 0
    }
}

extension Swctr_V1_SnapshotKind {
    /// In containerd's words.
    var word: String {
        switch self {
        case .active: "Active"
        case .view: "View"
        case .committed: "Committed"
        case .unspecified, .UNRECOGNIZED: "Unknown"
        }
    }
}
