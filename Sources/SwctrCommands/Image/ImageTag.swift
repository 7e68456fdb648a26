import ArgumentParser
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct ImageTag: ClientCommand {
    static let configuration = CommandConfiguration.command(
        "tag", in: "images",
        abstract: "Give an image more names",
        discussion: "Prints the new names.")

    @Flag(help: "Move names that are in use.")
    var force = false

    @Flag(help: "Take names that are no references.")
    var skipReferenceCheck = false

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument(help: "Name of the image.")
    var source: String

    @Argument(help: "New names.")
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
    static let configuration = CommandConfiguration.command(
        "label", in: "images",
        abstract: "Set and clear labels of an image",
        discussion: "KEY= clears a label. Prints all labels that it has then.")

    @Flag(name: .shortAndLong, help: "Clear all other labels.")
    var replaceAll = false

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument(help: "Name of the image.")
    var name: String

    @Argument(help: ArgumentHelp("Labels; none: print only.", valueName: "key=value"))
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
