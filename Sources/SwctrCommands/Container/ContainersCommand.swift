import ArgumentParser

struct ContainersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "containers",
        abstract: "Work with containers, running or not",
        subcommands: [
            ContainerCreate.self, ContainerList.self, ContainerInfo.self, ContainerLabel.self, ContainerDelete.self,
        ],
        aliases: ["container", "c"])
}
