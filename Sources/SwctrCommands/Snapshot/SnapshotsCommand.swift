import ArgumentParser
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct SnapshotsCommand: OptionGroupCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshots",
        abstract: "Work with snapshots: the layers of images and what containers wrote",
        discussion: "--snapshotter may also stand before the command's word.",
        subcommands: [
            SnapshotList.self, SnapshotTree.self, SnapshotInfo.self, SnapshotUsage.self, SnapshotPrepare.self,
            SnapshotView.self, SnapshotMounts.self, SnapshotCommit.self, SnapshotDiff.self, SnapshotLabel.self,
            SnapshotUnpack.self, SnapshotDelete.self,
        ],
        aliases: ["snapshot"])

    static let groupOptions = ["--snapshotter": "--snapshotter"]
}

struct SnapshotList: ClientCommand {
    static let configuration = CommandConfiguration.command(
        "ls", in: "snapshots",
        abstract: "List snapshots", aliases: ["list"])

    @Option(help: ArgumentHelp("Snapshotter (default: $SWCTR_SNAPSHOTTER, else the manager's).", valueName: "name"))
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
