import ArgumentParser

struct NamespacesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "namespaces",
        abstract: "Work with namespaces, which keep tenants' containers and images apart",
        subcommands: [NamespaceList.self, NamespaceCreate.self, NamespaceLabel.self, NamespaceDelete.self],
        aliases: ["namespace", "ns"])
}
