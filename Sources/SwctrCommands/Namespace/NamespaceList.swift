import ArgumentParser
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct NamespaceList: ClientCommand {
    static let configuration = CommandConfiguration.command(
        "ls", in: "namespaces",
        abstract: "List namespaces", aliases: ["list"])

    @Flag(name: .shortAndLong, help: "Print names only.")
    var quiet = false

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    var action: Action { Action("list namespaces") }

    func execute() throws(EngineError) -> Int32 {
        let response: Swctr_V1_ListNamespacesResponse = try global.connect().call(
            ServiceName.namespaces, "List", Swctr_V1_ListNamespacesRequest())
        if quiet {
            for namespace in response.namespaces { emit(namespace.name) }
            return 0
        }
        var table = Table(["NAME", "LABELS"])
        for namespace in response.namespaces {
            table.add([namespace.name, namespace.labels.isEmpty ? "" : Wording.labels(namespace.labels)])
        }
        table.print()
        return 0
    }
}
