import SwctrArguments

struct ContainersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Work with containers, running or not",
        subcommands: [
            Subcommand("create", ContainerCreate.self),
            Subcommand("ls", ContainerList.self, aliases: ["list"]),
            Subcommand("info", ContainerInfo.self),
            Subcommand("label", ContainerLabel.self),
            Subcommand("delete", ContainerDelete.self, aliases: ["del", "remove", "rm"]),
        ])
}
