import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct ContentList: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "List content")

    @Flag("-q", "--quiet", help: "Print digests only.")
    var quiet = false

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("filters", help: "Filters, such as 'size==1024' or 'labels.tier==web'.")
    var filters: [String] = []

    var action: Action { Action("list content") }

    func execute() throws(EngineError) -> Int32 {
        var request = Swctr_V1_ListContentRequest()
        request.filters = filters
        let response: Swctr_V1_ListContentResponse = try global.connect().call(ServiceName.content, "List", request)
        if quiet {
            for content in response.contents { emit(content.digest) }
            return 0
        }
        var table = Table(["DIGEST", "SIZE", "AGE", "LABELS"])
        for content in response.contents {
            table.add([
                content.digest, Wording.bytes(content.size), Wording.age(since: content.createdAt),
                Wording.labels(content.labels),
            ])
        }
        table.print()
        return 0
    }
}
