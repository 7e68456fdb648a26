import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct NamespaceList: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "List namespaces")

    @Flag("-q", "--quiet", help: "Print names only.")
    var quiet = false

    @Option("--format", valueName: "format", help: ListFormat.help)
    var format = ListFormat.table

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
        let rows = response.namespaces.map { namespace in
            JSONValue.object([.init("Name", .string(namespace.name)), .init("Labels", .strings(namespace.labels))])
        }
        if format == .table {
            // Without labels there is nothing in the column, as with ctr.
            var table = Table(["NAME", "LABELS"])
            for namespace in response.namespaces {
                table.add([namespace.name, namespace.labels.isEmpty ? "" : Wording.labels(namespace.labels)])
            }
            table.print()
        } else {
            try Listing(columns: [], rows: rows).print(format)
        }
        return 0
    }
}
