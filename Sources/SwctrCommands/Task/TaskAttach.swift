import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

struct TaskAttach: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Join a task: its output, its input, its signals",
        discussion: """
            The exit status is the process's own. The task is deleted when it has ended.

            Examples:
              swctr run -d IMAGE web
              swctr tasks attach web
            """)

    @OptionGroup(title: "Foreground")
    var foreground: ForegroundFlags

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("id", help: "Name of the container.", completion: .containers)
    var id: String

    var action: Action { Action("attach", id) }

    func execute() throws(EngineError) -> Int32 {
        _ = try ContainerID(id)
        let client = try global.connect()
        let task = try client.task(id)
        let run = ProcessRun(
            client: client, id: id, terminal: task.stdio.terminal, detach: false, destination: .null,
            host: try foreground.host())
        guard let status = try run.attach(task.stdio) else { return 0 }
        var request = Swctr_V1_DeleteTaskRequest()
        request.id = id
        do {
            _ = try client.call(ServiceName.tasks, "Delete", request, returning: Swctr_V1_DeleteTaskResponse.self)
        } catch {
            // The command that started it may have asked the manager to delete it.
            if error.code != .notFound {
                complain(ErrorLine.text(error, during: Action("delete task", id), debug: global.debug))
            }
        }
        return status
    }
}

extension Client {
    /// What is known of a container's process, or of a further one.
    func task(_ id: String, execID: String = "") throws(EngineError) -> Swctr_V1_TaskInfo {
        var request = Swctr_V1_GetTaskRequest()
        request.id = id
        request.execID = execID
        let response: Swctr_V1_GetTaskResponse = try call(ServiceName.tasks, "Get", request)
        return response.task
    }
}
