import ArgumentParser
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct ContainerCreate: ClientCommand, PassthroughCommand {
    static let configuration = CommandConfiguration.command(
        "create", in: "containers",
        abstract: "Create a container without running it",
        usage: """
            swctr containers create [<options>] <image> <id> [<command> ...]
            swctr containers create --name <name> [<options>] <image> [<command> ...]
            swctr containers create --config <file> [<options>] <id>
            """,
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

    @Argument(
        parsing: .postTerminator,
        help: ArgumentHelp(
            """
            Name of an image that is here, with --rootfs a directory; name of the new container; command and its \
            arguments, in place of the image's entrypoint and command.
            """,
            valueName: "image id command"))
    var words: [String] = []

    static let valueOptions = ContainerFlags.valueOptions.union(GlobalOptions.valueOptions)

    /// - Throws: `.invalidArgument` for too few words, or too many.
    var target: ContainerTarget {
        get throws(EngineError) { try ContainerTarget(words, container.identity) }
    }

    var action: Action {
        Action("create", container.identity.name ?? (container.identity.isNamed ? "" : (try? target.id) ?? ""))
    }

    mutating func validate() throws { _ = try target }

    func execute() throws(EngineError) -> Int32 {
        var request = Swctr_V1_CreateContainerRequest()
        let target = try target
        request.options = try container.options(target)
        _ = try container.terminal(request.options)
        _ = try global.connect().call(
            ServiceName.containers, "Create", request, returning: Swctr_V1_CreateContainerResponse.self)
        // Nobody else knows it.
        if container.identity.isNamed { emit(target.id) }
        return 0
    }
}
