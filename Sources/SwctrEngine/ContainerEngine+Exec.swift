import Foundation
public import SwctrCore
import SwctrLinux
import SwctrMetadata
import SwctrOCI
public import SwctrProto
public import SwctrTasks

extension ContainerEngine {
    /// Runs one more process in a task: what the container's own process is (environment, user, capabilities), with
    /// what the request says on top.
    ///
    /// - Returns: its pid.
    /// - Throws: `.invalidArgument`, `.notFound` (container, task, user), `.alreadyExists` for a taken exec id.
    public func exec(
        _ key: ContainerKey, _ execID: ExecID, _ request: Swctr_V1_ExecRequest, stdio: TaskStdio,
        consoleSize: ConsoleSize?
    ) async throws -> UInt32 {
        CgroupMigration.anticipate()
        let record = try await container(key)
        let task = try tasks.task(key.namespace, key.id)
        let process = try await process(for: request, record, task)
        return try await Task {
            try await task.exec(
                execID, process: [UInt8](process), stdio: stdio, consoleSize: consoleSize,
                deleteOnExit: !request.detach)
        }.value
    }

    private func process(
        for request: Swctr_V1_ExecRequest, _ record: ContainerRecord, _ task: TaskHandle
    ) async throws -> Data {
        var process = try Spec(record: record).process
        guard !request.args.isEmpty else {
            throw EngineError(
                .invalidArgument, subject: "exec \"\(request.execID)\"", message: "no command",
                hint: "put the command after the container's id")
        }
        process.args = request.args
        process.terminal = request.stdio.terminal ? true : nil
        if request.stdio.terminal { process.env = Environment.merging(["TERM=xterm"], into: process.env) }
        process.env = Environment.merging(request.env, into: process.env)
        if !request.cwd.isEmpty {
            guard request.cwd.hasPrefix("/") else {
                throw EngineError(
                    .invalidArgument, subject: "working directory \"\(request.cwd)\"", message: "must be absolute")
            }
            process.cwd = request.cwd
        }
        if !request.user.isEmpty {
            let pid = try await task.snapshot().pid
            // The running root, with what the container wrote to it since.
            let users = try AccountReader.read(try RootDirectory("/proc/\(pid)/root"))
            process.user = try users.resolve(request.user)
        }
        do { return try JSONCoding.encoder().encode(process) } catch {
            throw EngineError(.internal, subject: "process", message: "cannot be encoded", causes: ["\(error)"])
        }
    }
}
