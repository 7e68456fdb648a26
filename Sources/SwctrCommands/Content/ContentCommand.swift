import SwctrArguments

struct ContentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look at content: manifests, configurations and layers, by digest",
        subcommands: [
            Subcommand("ls", ContentList.self, aliases: ["list"]),
            Subcommand("get", ContentGet.self),
            Subcommand("ingest", ContentIngest.self),
            Subcommand("fetch", ContentFetch.self),
            Subcommand("fetch-object", ContentFetchObject.self),
            Subcommand("fetch-blob", ContentFetchBlob.self),
            Subcommand("push-object", ContentPushObject.self),
            Subcommand("label", ContentLabel.self),
            Subcommand("edit", ContentEdit.self),
            Subcommand("rm", ContentDelete.self, aliases: ["delete", "del", "remove"]),
            Subcommand("active", ContentActive.self),
            Subcommand("prune", ContentPrune.self),
        ])
}
