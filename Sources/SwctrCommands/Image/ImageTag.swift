import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct ImageTag: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Give an image more names",
        discussion: "Prints the new names.")

    @Flag("--force", help: "Move names that are in use.")
    var force = false

    @Flag("--skip-reference-check", help: "Take names that are no references.")
    var skipReferenceCheck = false

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("source", help: "Name of the image.", completion: .images)
    var source: String

    @Argument("targets", help: "New names.")
    var targets: [String]

    var action: Action { Action("tag", source) }

    func execute() throws(EngineError) -> Int32 {
        var request = Swctr_V1_TagImageRequest()
        request.source = source
        request.targets = targets
        request.force = force
        request.skipReferenceCheck = skipReferenceCheck
        let answer: Swctr_V1_TagImageResponse = try global.connect().call(ServiceName.images, "Tag", request)
        for name in answer.names { emit(name) }
        return 0
    }
}

struct ImageLabel: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Set and clear labels of an image",
        discussion: "KEY= clears a label. Prints all labels that it has then.")

    @Flag("-r", "--replace-all", help: "Clear all other labels.")
    var replaceAll = false

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("name", help: "Name of the image.", completion: .images)
    var name: String

    @Argument("key=value", help: "Labels; none: print only.")
    var labels: [String] = []

    var action: Action { Action("label image", name) }

    func execute() throws(EngineError) -> Int32 {
        var request = Swctr_V1_SetImageLabelsRequest()
        request.name = name
        request.labels = try Wording.labels(labels)
        request.replaceAll = replaceAll
        let answer: Swctr_V1_SetImageLabelsResponse = try global.connect().call(
            ServiceName.images, "SetLabels", request)
        emit(Wording.labels(answer.labels))
        return 0
    }
}
