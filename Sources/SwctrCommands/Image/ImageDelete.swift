import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct ImageDelete: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Remove images by name",
        discussion: "Prints the names that were removed. A name that is not here is only warned of.")

    @Flag("--sync", help: "Free what nothing uses any more before returning.")
    var sync = false

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("names", help: "Names of images.", completion: .images)
    var names: [String]

    var action: Action { Action("remove image", names.count == 1 ? names[0] : "") }

    func execute() throws(EngineError) -> Int32 {
        let client = try global.connect()
        var last = names.count
        return try forEach(names, debug: global.debug, verb: "remove image") { name throws(EngineError) in
            last -= 1
            var request = Swctr_V1_DeleteImageRequest()
            request.name = name
            // One collection frees what all of them left.
            request.sync = sync && last == 0
            do throws(EngineError) {
                _ = try client.call(ServiceName.images, "Delete", request, returning: Swctr_V1_DeleteImageResponse.self)
            } catch  where error.code == .notFound {
                complain("warning: image \"\(name)\" is not here")
                return 0
            }
            emit(name)
            return 0
        }
    }
}
