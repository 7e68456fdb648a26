import ArgumentParser
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct ContainerCreate: ClientCommand, PassthroughCommand {
    static let configuration = CommandConfiguration.command(
        "create", in: "containers",
        abstract: "Create a container without running it",
        discussion: """
            Nothing after ID is a flag of swctr's.

            Examples:
              swctr containers create IMAGE web
              swctr tasks start web
            """)

    @OptionGroup(title: "Container")
    var container: ContainerFlags

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument(help: "Name of an image that is here; with --rootfs a directory.")
    var image: String

    @Argument(help: "Name of the new container.")
    var id: String

    @Argument(
        parsing: .captureForPassthrough,
        help: "Command and its arguments, in place of the image's entrypoint and command.")
    var command: [String] = []

    static let valueOptions = ContainerFlags.valueOptions.union(GlobalOptions.valueOptions)

    var action: Action { Action("create", id) }

    func execute() throws(EngineError) -> Int32 {
        var request = Swctr_V1_CreateContainerRequest()
        request.options = try container.options(image: image, id: id, arguments: command)
        _ = try global.connect().call(
            ServiceName.containers, "Create", request, returning: Swctr_V1_CreateContainerResponse.self)
        return 0
    }
}
