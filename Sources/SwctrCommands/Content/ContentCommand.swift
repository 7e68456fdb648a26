import ArgumentParser

struct ContentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "content",
        abstract: "Look at content: manifests, configurations and layers, by digest",
        subcommands: [ContentList.self, ContentGet.self])
}
