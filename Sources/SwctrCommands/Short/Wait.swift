import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct Wait: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Wait until containers have stopped, and print their exit statuses")

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("ids", help: "Names of containers.", completion: .containers)
    var ids: [String]

    var action: Action { Action("wait for", ids.count == 1 ? ids[0] : "") }

    func execute() throws(EngineError) -> Int32 {
        let client = try global.connect()
        return try forEach(ids, debug: global.debug, verb: "wait for") { id throws(EngineError) in
            _ = try ContainerID(id)
            emit("\(try client.waitForEnd(of: id).exitStatus)")
            return 0
        }
    }
}
