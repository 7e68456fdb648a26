import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct Restart: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Stop containers and start them again")

    @Option("-t", "--time", valueName: "time", help: "How long to wait before SIGKILL; 0 kills at once.")
    var time = TimeArgument(duration: .seconds(10))

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("ids", help: "Names of containers.", completion: .containers)
    var ids: [String]

    var action: Action { Action("restart", ids.count == 1 ? ids[0] : "") }

    func execute() throws(EngineError) -> Int32 {
        let options = try global.options()
        return try forEach(ids, debug: global.debug, verb: "restart") { id throws(EngineError) in
            try Stopping(options: options, patience: time.duration).stop(id)
            try Client(options).startDetached(id)
            emit(id)
            return 0
        }
    }
}
