import ArgumentParser
import SwctrClient
import SwctrCore
import SwctrProto

struct Run: ClientCommand, PassthroughCommand {
    static let configuration = CommandConfiguration.command(
        "run",
        abstract: "Create a container and run it",
        discussion: """
            Nothing after ID is a flag of swctr's. The exit status is the process's own, 128+n when signal n ended it; \
            1 when it could not be run; 125 when its status is lost.

            Examples:
              swctr run --rm IMAGE demo echo hello
              swctr run --rm -t IMAGE shell sh
              swctr run -d --memory-limit 64m --env PORT=8080 IMAGE web
              swctr run --rm --runc-binary crun IMAGE demo
            """)

    @Flag(name: .customLong("rm"), help: "Delete the container when it has ended.")
    var remove = false

    @OptionGroup(title: "Streams")
    var streams: StreamFlags

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

    static let valueOptions = ContainerFlags.valueOptions.union(StreamFlags.valueOptions).union(
        GlobalOptions.valueOptions)

    var action: Action { Action("run", id) }

    mutating func validate() throws {
        if remove && streams.detach { throw ValidationError("--rm and --detach contradict each other") }
        if container.tty && streams.nullIO { throw ValidationError("--tty and --null-io contradict each other") }
    }

    func execute() throws(EngineError) -> Int32 {
        let options = try container.options(image: image, id: id, arguments: command)
        let run = ProcessRun(
            client: try global.connect(), id: id, terminal: container.tty, detach: streams.detach,
            destination: streams.destination)
        return try run.start("Run") { stdio, size in
            var request = Swctr_V1_RunRequest()
            request.container = options
            request.stdio = stdio
            if let size { request.consoleSize = size }
            request.detach = streams.detach
            request.autoRemove = remove
            request.pidFile = absolutePath(streams.pidFile ?? "")
            return request
        }
    }
}
