import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct TaskPause: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Freeze every process of a container")

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("id", help: "Name of the container.", completion: .containers)
    var id: String

    var action: Action { Action("pause", id) }

    func execute() throws(EngineError) -> Int32 {
        _ = try ContainerID(id)
        var request = Swctr_V1_PauseTaskRequest()
        request.id = id
        _ = try global.connect().call(ServiceName.tasks, "Pause", request, returning: Swctr_V1_PauseTaskResponse.self)
        return 0
    }
}

struct TaskResume: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Let a frozen container go on")

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("id", help: "Name of the container.", completion: .containers)
    var id: String

    var action: Action { Action("resume", id) }

    func execute() throws(EngineError) -> Int32 {
        _ = try ContainerID(id)
        var request = Swctr_V1_ResumeTaskRequest()
        request.id = id
        _ = try global.connect().call(ServiceName.tasks, "Resume", request, returning: Swctr_V1_ResumeTaskResponse.self)
        return 0
    }
}
