import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct Stop: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Stop containers: by their stop signal, and after a while by SIGKILL",
        discussion: """
            Examples:
              swctr stop web
              swctr stop -t 2 web db
            """)

    @Option("-t", "--time", valueName: "time", help: "How long to wait before SIGKILL; 0 kills at once.")
    var time = TimeArgument(duration: .seconds(10))

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("ids", help: "Names of containers.", completion: .containers)
    var ids: [String]

    var action: Action { Action("stop", ids.count == 1 ? ids[0] : "") }

    func execute() throws(EngineError) -> Int32 {
        let options = try global.options()
        return try forEach(ids, debug: global.debug, verb: "stop") { id throws(EngineError) in
            try Stopping(options: options, patience: time.duration).stop(id)
            emit(id)
            return 0
        }
    }
}
