import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire
import SwiftProtobuf

struct ShimShutdown: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "End a shim that has no container any more")

    @OptionGroup(title: "Shim")
    var shim: ShimFlags

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    var action: Action { Action("shut down", shim.id ?? "") }

    func execute() throws(EngineError) -> Int32 {
        var request = Containerd_Task_V2_ShutdownRequest()
        request.id = shim.id ?? ""
        do throws(EngineError) {
            let _: Google_Protobuf_Empty = try shim.connect(global).call("Shutdown", request)
        } catch  where error.code == .unavailable && error.subject == "manager" {
            // It is gone before it answers, as was asked.
        }
        return 0
    }
}
