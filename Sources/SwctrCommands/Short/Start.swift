import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct Start: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Start containers that exist, and leave them running",
        discussion: """
            A task that has ended is deleted first. 'tasks start' stays with the process instead.

            Examples:
              swctr start web db
            """)

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("ids", help: "Names of containers.", completion: .containers)
    var ids: [String]

    var action: Action { Action("start", ids.count == 1 ? ids[0] : "") }

    func execute() throws(EngineError) -> Int32 {
        let client = try global.connect()
        return try forEach(ids, debug: global.debug, verb: "start") { id throws(EngineError) in
            try client.startDetached(id)
            emit(id)
            return 0
        }
    }
}
