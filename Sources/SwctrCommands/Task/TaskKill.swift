import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrLinux
import SwctrProto
import SwctrWire

struct TaskKill: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Send a signal to a task",
        discussion: """
            Examples:
              swctr tasks kill web
              swctr tasks kill -s HUP web
              swctr tasks kill --all -s KILL web
            """)

    @Option(
        "-s", "--signal", valueName: "signal",
        help: "Signal, by name or number (default: the image's stop signal, else SIGTERM).")
    var signal: String?

    @Option("--exec-id", valueName: "name", help: "Signal this process of the container instead of its first.")
    var execID: String?

    @Flag("-a", "--all", help: "Signal every process of the container.")
    var all = false

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("id", help: "Name of the container.", completion: .containers)
    var id: String

    var action: Action { Action("kill", id) }

    func validate() throws(ValidationError) {
        if all, execID != nil { throw ValidationError("--all and --exec-id contradict each other") }
    }

    func execute() throws(EngineError) -> Int32 {
        _ = try ContainerID(id)
        var request = Swctr_V1_KillTaskRequest()
        request.id = id
        request.execID = execID ?? ""
        request.all = all
        if let signal {
            guard let number = Signal.parse(signal) else {
                throw EngineError(
                    .invalidArgument, subject: "signal \"\(signal)\"", message: "is no signal of Linux",
                    hint: "such as TERM, SIGTERM or 15")
            }
            request.signal = UInt32(number)
        }
        let client = try global.connect()
        _ = try client.call(ServiceName.tasks, "Kill", request, returning: Swctr_V1_KillTaskResponse.self)
        return 0
    }
}
