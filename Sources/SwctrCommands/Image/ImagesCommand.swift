import SwctrArguments

struct ImagesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Work with images",
        subcommands: [
            Subcommand("pull", ImagePull.self),
            Subcommand("push", ImagePush.self),
            Subcommand("import", ImageImport.self),
            Subcommand("export", ImageExport.self),
            Subcommand("ls", ImageList.self, aliases: ["list"]),
            Subcommand("check", ImageCheck.self),
            Subcommand("inspect", ImageInspect.self, aliases: ["i"]),
            Subcommand("history", ImageHistory.self),
            Subcommand("usage", ImageUsage.self),
            Subcommand("tag", ImageTag.self),
            Subcommand("label", ImageLabel.self),
            Subcommand("mount", ImageMount.self),
            Subcommand("unmount", ImageUnmount.self),
            Subcommand("convert", ImageConvert.self),
            Subcommand("referrers", ImageReferrers.self),
            Subcommand("rm", ImageDelete.self, aliases: ["delete", "del", "remove"]),
            Subcommand("prune", ImagePrune.self),
        ])
}
