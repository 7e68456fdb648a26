import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire
import SwiftProtobuf

struct ShimDelete: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Delete a task that has ended, and print its exit status")

    @OptionGroup(title: "Shim")
    var shim: ShimFlags

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    var action: Action { Action("delete", shim.id ?? "") }

    func execute() throws(EngineError) -> Int32 {
        var request = Containerd_Task_V2_DeleteRequest()
        request.id = try shim.task()
        let response: Containerd_Task_V2_DeleteResponse = try shim.connect(global).call("Delete", request)
        emit("container deleted and returned exit status \(response.exitStatus)")
        return 0
    }
}
