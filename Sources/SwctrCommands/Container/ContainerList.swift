import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct ContainerList: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "List containers",
        discussion: """
            Filters are containerd's: several are or-ed, parts joined by a comma are and-ed.

            Examples:
              swctr containers ls
              swctr containers ls -q 'labels.tier==web' 'id~=^db-'
            """)

    @Flag("-q", "--quiet", help: "Print ids only.")
    var quiet = false

    @Option("--format", valueName: "format", help: ListFormat.help)
    var format = ListFormat.table

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("filters", help: "Filters.")
    var filters: [String] = []

    var action: Action { Action("list containers") }

    func execute() throws(EngineError) -> Int32 {
        var request = Swctr_V1_ListContainersRequest()
        request.filters = filters
        let response: Swctr_V1_ListContainersResponse = try global.connect().call(
            ServiceName.containers, "List", request)
        if quiet {
            for container in response.containers { emit(container.id) }
            return 0
        }
        let rows = response.containers.map { container in
            JSONValue.object([
                .init("ID", .string(container.id)), .init("Image", .string(container.image)),
                .init("Runtime", .string(container.runtime.name)), .init("Labels", .strings(container.labels)),
                .init("CreatedAt", .string(Wording.moment(container.createdAt))),
            ])
        }
        try Listing(
            columns: [("CONTAINER", "ID"), ("IMAGE", "Image"), ("RUNTIME", "Runtime")], rows: rows
        ).print(format)
        return 0
    }
}
