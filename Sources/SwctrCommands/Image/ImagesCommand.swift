import ArgumentParser

struct ImagesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "images",
        abstract: "Work with images",
        subcommands: [
            ImagePull.self, ImagePush.self, ImageImport.self, ImageExport.self, ImageList.self, ImageCheck.self,
            ImageInspect.self, ImageHistory.self, ImageUsage.self, ImageTag.self, ImageLabel.self, ImageMount.self,
            ImageUnmount.self, ImageConvert.self, ImageReferrers.self, ImageDelete.self, ImagePrune.self,
        ],
        aliases: ["image", "i"])
}
