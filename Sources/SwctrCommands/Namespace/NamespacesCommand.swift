import SwctrArguments

struct NamespacesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Work with namespaces, which keep tenants' containers and images apart",
        subcommands: [
            Subcommand("ls", NamespaceList.self, aliases: ["list"]),
            Subcommand("create", NamespaceCreate.self, aliases: ["c"]),
            Subcommand("label", NamespaceLabel.self),
            Subcommand("rm", NamespaceDelete.self, aliases: ["remove", "delete", "del"]),
        ])
}
