import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct TaskStart: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Start a container that exists",
        discussion: """
            The exit status is the process's own. The task is deleted when it has ended, the container stays.

            Examples:
              swctr tasks start web
              swctr tasks start -d web
            """)

    @OptionGroup(title: "Streams")
    var streams: StreamFlags

    @OptionGroup(title: "Foreground")
    var foreground: ForegroundFlags

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("id", help: "Name of the container.", completion: .containers)
    var id: String

    var action: Action { Action("start", id) }

    func execute() throws(EngineError) -> Int32 {
        _ = try ContainerID(id)
        let client = try global.connect()
        var query = Swctr_V1_GetContainerRequest()
        query.id = id
        let response: Swctr_V1_GetContainerResponse = try client.call(ServiceName.containers, "Get", query)
        let spec = try JSONValue(parsing: Array(response.container.spec))
        let terminal = spec["process"]?["terminal"] == .bool(true)
        if terminal, streams.nullIO {
            throw EngineError(.invalidArgument, message: "--null-io contradicts the container's terminal")
        }
        let run = ProcessRun(
            client: client, id: id, terminal: terminal, detach: streams.detach, destination: streams.destination,
            host: try foreground.host())
        return try run.start("Start") { stdio, size in
            var request = Swctr_V1_StartTaskRequest()
            request.id = id
            request.stdio = stdio
            if let size { request.consoleSize = size }
            request.detach = streams.detach
            request.pidFile = absolutePath(streams.pidFile ?? "")
            request.noPivot = streams.noPivot
            return request
        }
    }
}
