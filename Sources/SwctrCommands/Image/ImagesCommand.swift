import ArgumentParser

struct ImagesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "images",
        abstract: "Work with images",
        subcommands: [ImageImport.self, ImageList.self, ImageDelete.self],
        aliases: ["image", "i"])
}
