import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto

struct Run: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Create a container and run it",
        usage: """
            swctr run [<options>] <image> <id> [<command> ...]
            swctr run --name <name> [<options>] <image> [<command> ...]
            swctr run --config <file> [<options>] <id>
            """,
        discussion: """
            Nothing after ID is a flag of swctr's. The exit status is the process's own, 128+n when signal n ended it; \
            1 when it could not be run, 2 when the command line is wrong; 125 when its status is lost.

            Examples:
              swctr run --rm IMAGE demo echo hello
              swctr run --rm -t IMAGE shell sh
              swctr run -d --env PORT=8080 --mount type=bind,src=/srv,dst=/srv,options=rbind:ro IMAGE web
              swctr run --rm --cpus 0.5 --memory-limit 64m IMAGE small
              swctr run --rm --seccomp --cap-drop CAP_NET_RAW IMAGE tight
              swctr run --rm --uidmap 0:100000:65536 --gidmap 0:100000:65536 IMAGE mapped id
              swctr run --rm --runc-binary crun IMAGE demo
              swctr run --explain --cpus 2 IMAGE demo
            """,
        passesArguments: true)

    @Flag("--rm", help: "Delete the container when it has ended.")
    var remove = false

    @Flag("--explain", help: "Print what would be run and where each part comes from; create nothing.")
    var explain = false

    @Flag("--cni", help: "Put the container into the host's default CNI network.")
    var cni = false

    @Option("--dump-config", valueName: "file", help: "Write the OCI runtime spec that is run to this file as well.")
    var dumpConfig: String?

    @OptionGroup(title: "Streams")
    var streams: StreamFlags

    @OptionGroup(title: "Foreground")
    var foreground: ForegroundFlags

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
        Action("run", container.identity.name ?? (container.identity.isNamed ? "" : (try? target.id) ?? ""))
    }

    func validate() throws(ValidationError) {
        if remove && streams.detach { throw ValidationError("--rm and --detach contradict each other") }
        if container.process.tty && streams.nullIO {
            throw ValidationError("--tty and --null-io contradict each other")
        }
        if cni, container.namespaces.netHost { throw ValidationError("--cni and --net-host contradict each other") }
        if dumpConfig?.isEmpty == true { throw ValidationError("--dump-config names no file") }
        do { _ = try target } catch { throw ValidationError(error.description, hint: error.hint) }
    }

    func execute() throws(EngineError) -> Int32 {
        let target = try target
        let options = try container.options(target, cpuShares: 1024)
        let terminal = try container.terminal(options)
        if terminal, streams.nullIO {
            throw EngineError(.invalidArgument, message: "--null-io contradicts the document's terminal")
        }
        try streams.check(runtime: options.runtime.name)
        let client = try global.connect()
        if explain {
            emit(try Explanation(options, try client.resolve(options)).text, terminator: "")
            return 0
        }
        if let dumpConfig { try Self.dump([UInt8](try client.resolve(options).spec), to: dumpConfig) }
        let run = ProcessRun(
            client: client, id: target.id, terminal: terminal, detach: streams.detach,
            destination: streams.destination, host: try foreground.host())
        let status = try run.start("Run") { stdio, size in
            var request = Swctr_V1_RunRequest()
            request.container = options
            request.stdio = stdio
            if let size { request.consoleSize = size }
            request.detach = streams.detach
            request.autoRemove = remove
            request.pidFile = absolutePath(streams.pidFile ?? "")
            request.noPivot = streams.noPivot
            request.cni = cni
            return request
        }
        // Nobody else knows it.
        if streams.detach, container.identity.isNamed { emit(target.id) }
        return status
    }

    private static func dump(_ spec: [UInt8], to path: String) throws(EngineError) {
        let text = try JSONValue(parsing: spec).formatted() + "\n"
        try UserFile.write(Array(text.utf8), to: path, for: "--dump-config")
    }
}
