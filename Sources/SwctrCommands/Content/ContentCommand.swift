import ArgumentParser

struct ContentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "content",
        abstract: "Look at content: manifests, configurations and layers, by digest",
        subcommands: [
            ContentList.self, ContentGet.self, ContentIngest.self, ContentFetch.self, ContentFetchObject.self,
            ContentFetchBlob.self, ContentPushObject.self, ContentLabel.self, ContentEdit.self, ContentDelete.self,
            ContentActive.self, ContentPrune.self,
        ])
}
