import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct ImageCheck: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show how much of each image is here, and whether it is unpacked")

    @Flag("-q", "--quiet", help: "Print names of complete and unpacked images only.")
    var quiet = false

    @Option("--snapshotter", valueName: "name", help: "Snapshotter (default: $SWCTR_SNAPSHOTTER, else the manager's).")
    var snapshotter: String?

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("filters", help: "Filters, such as 'name~=busybox'.")
    var filters: [String] = []

    var action: Action { Action("check images") }

    func execute() throws(EngineError) -> Int32 {
        var request = Swctr_V1_CheckImagesRequest()
        request.filters = filters
        request.snapshotter = snapshotter ?? environment("SWCTR_SNAPSHOTTER") ?? ""
        let answer: Swctr_V1_CheckImagesResponse = try global.connect().call(ServiceName.images, "Check", request)
        var table = Table(["REF", "TYPE", "DIGEST", "STATUS", "SIZE", "UNPACKED"])
        for check in answer.images {
            let isComplete = check.required > 0 && check.present == check.required
            if quiet {
                if isComplete, check.unpacked { emit(check.image.name) }
                continue
            }
            let word = isComplete ? "complete" : check.present == 0 ? "unavailable" : "incomplete"
            let size = Wording.bytes(check.presentSize) + "/" + Wording.bytes(check.requiredSize)
            table.add([
                check.image.name, check.image.target.mediaType, check.image.target.digest,
                "\(word) (\(check.present)/\(check.required))", size, check.unpacked ? "true" : "false",
            ])
        }
        if !quiet { table.print() }
        return 0
    }
}

struct ImageUsage: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what the unpacked layers of an image take")

    @Option("--snapshotter", valueName: "name", help: "Snapshotter (default: $SWCTR_SNAPSHOTTER, else the manager's).")
    var snapshotter: String?

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("name", help: "Name of the image.", completion: .images)
    var name: String

    var action: Action { Action("usage of image", name) }

    func execute() throws(EngineError) -> Int32 {
        var request = Swctr_V1_ImageUsageRequest()
        request.name = name
        request.snapshotter = snapshotter ?? environment("SWCTR_SNAPSHOTTER") ?? ""
        let answer: Swctr_V1_ImageUsageResponse = try global.connect().call(ServiceName.images, "Usage", request)
        var table = Table(["KEY", "SIZE", "INODES"])
        for layer in answer.layers { table.add([layer.key, Wording.bytes(layer.size), "\(layer.inodes)"]) }
        table.print()
        return 0
    }
}

struct ImagePrune: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Remove all images that no container names",
        discussion: "Prints their names, and frees what only they needed before it returns.")

    @Flag("--all", help: "Required: removes every image that no container names.")
    var all = false

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    var action: Action { Action("prune images") }

    func execute() throws(EngineError) -> Int32 {
        guard all else {
            complain("warning: nothing is removed without --all, which removes every image that no container names")
            return 0
        }
        let answer: Swctr_V1_PruneImagesResponse = try global.connect().call(
            ServiceName.images, "Prune", Swctr_V1_PruneImagesRequest())
        for name in answer.names { emit(name) }
        return 0
    }
}
