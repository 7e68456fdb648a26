import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire
import SwiftProtobuf

struct ShimStart: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Start the process of a task that was created")

    @OptionGroup(title: "Shim")
    var shim: ShimFlags

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    var action: Action { Action("start", shim.id ?? "") }

    func execute() throws(EngineError) -> Int32 {
        var request = Containerd_Task_V2_StartRequest()
        request.id = try shim.task()
        let _: Containerd_Task_V2_StartResponse = try shim.connect(global).call("Start", request)
        return 0
    }
}
