import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct ImageList: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "List images")

    @Flag("-q", "--quiet", help: "Print names only.")
    var quiet = false

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("filters", help: "Filters, such as 'name~=busybox' or 'labels.tier==web'.")
    var filters: [String] = []

    var action: Action { Action("list images") }

    func execute() throws(EngineError) -> Int32 {
        var request = Swctr_V1_ListImagesRequest()
        request.filters = filters
        let response: Swctr_V1_ListImagesResponse = try global.connect().call(ServiceName.images, "List", request)
        if quiet {
            for image in response.images { emit(image.name) }
            return 0
        }
        var table = Table(["REF", "TYPE", "DIGEST", "SIZE", "PLATFORMS", "LABELS"])
        for image in response.images {
            table.add([
                image.name, image.target.mediaType, image.target.digest, Wording.bytes(image.size),
                image.platforms.isEmpty ? "-" : image.platforms.joined(separator: ","), Wording.labels(image.labels),
            ])
        }
        table.print()
        return 0
    }
}
