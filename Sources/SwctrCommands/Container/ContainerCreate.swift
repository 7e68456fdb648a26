import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct ContainerCreate: ClientCommand {
    static let configuration = CommandConfiguration(
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
            """,
        passesArguments: true)

    @OptionGroup(title: "Container")
    var container: ContainerFlags

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument(
        "image id command",
        help: """
            Name of an image that is here, with --rootfs a directory; name of the new container; command and its \
            arguments, in place of the image's entrypoint and command.
            """,
        completion: .images)
    var words: [String] = []

    /// - Throws: `.invalidArgument` for too few words, or too many.
    var target: ContainerTarget {
        get throws(EngineError) { try ContainerTarget(words, container.identity) }
    }

    var action: Action {
        Action("create", container.identity.name ?? (container.identity.isNamed ? "" : (try? target.id) ?? ""))
    }

    func validate() throws(ValidationError) {
        do { _ = try target } catch { throw ValidationError(error.description, hint: error.hint) }
    }

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
