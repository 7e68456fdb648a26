import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire

extension Client {
    func waitForEnd(of id: String) throws(EngineError) -> Swctr_V1_ProcessExited {
        var request = Swctr_V1_WaitTaskRequest()
        request.id = id
        let response: Swctr_V1_WaitTaskResponse = try call(ServiceName.tasks, "Wait", request)
        return response.exited
    }

    /// A process that has just ended takes no signal, and needs none.
    func kill(_ id: String, signal: UInt32) throws(EngineError) {
        var request = Swctr_V1_KillTaskRequest()
        request.id = id
        request.signal = signal
        do throws(EngineError) {
            _ = try call(ServiceName.tasks, "Kill", request, returning: Swctr_V1_KillTaskResponse.self)
        } catch  where error.code == .notFound {
            return
        }
    }

    func resume(_ id: String) throws(EngineError) {
        var request = Swctr_V1_ResumeTaskRequest()
        request.id = id
        _ = try call(ServiceName.tasks, "Resume", request, returning: Swctr_V1_ResumeTaskResponse.self)
    }

    func deleteTask(_ id: String, force: Bool) throws(EngineError) {
        var request = Swctr_V1_DeleteTaskRequest()
        request.id = id
        request.force = force
        _ = try call(ServiceName.tasks, "Delete", request, returning: Swctr_V1_DeleteTaskResponse.self)
    }

    /// Starts a container that exists and leaves it.
    func startDetached(_ id: String) throws(EngineError) {
        _ = try ContainerID(id)
        var query = Swctr_V1_GetContainerRequest()
        query.id = id
        let found: Swctr_V1_GetContainerResponse = try call(ServiceName.containers, "Get", query)
        let spec = try JSONValue(parsing: Array(found.container.spec))
        let terminal = spec["process"]?["terminal"] == .bool(true)
        if let task = try? task(id) {
            if task.status != .stopped {
                throw EngineError(.failedPrecondition, subject: "container \"\(id)\"", message: "runs already")
            }
            try deleteTask(id, force: false)
            FIFOSet(existing: task.stdio).remove()
        }
        let run = ProcessRun(
            client: self, id: id, terminal: terminal, detach: true, destination: .fifos(parent: nil))
        _ = try run.start("Start") { stdio, size in
            var request = Swctr_V1_StartTaskRequest()
            request.id = id
            request.stdio = stdio
            if let size { request.consoleSize = size }
            request.detach = true
            return request
        }
    }
}
