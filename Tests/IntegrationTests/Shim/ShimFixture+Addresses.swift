import Foundation
import SwctrProto
import SwctrTestSupport

/// Processes whose streams go to addresses as they stand, with or without a scheme.
extension ShimFixture {
    /// Where a process's streams go. Without a stderr it is that of stdout, as clients send it with a scheme.
    struct Addresses {
        var input = ""
        var output = ""
        var error: String?
        var terminal = false
    }

    func request(_ addresses: Addresses, _ id: String = "a") -> Containerd_Task_V2_CreateTaskRequest {
        var request = createRequest(id)
        request.stdin = addresses.input
        request.stdout = addresses.output
        request.stderr = addresses.error ?? (addresses.terminal ? "" : addresses.output)
        request.terminal = addresses.terminal
        return request
    }

    @discardableResult
    func create(_ addresses: Addresses, _ id: String = "a") throws -> pid_t {
        let answer: Containerd_Task_V2_CreateTaskResponse = try call("Create", request(addresses, id))
        return pid_t(answer.pid)
    }

    func execRequest(
        _ exec: String, _ command: [String], _ addresses: Addresses
    ) throws -> Containerd_Task_V2_ExecProcessRequest {
        var streams = Streams()
        streams.terminal = addresses.terminal
        var request = try execRequest(exec, command, streams)
        request.stdin = addresses.input
        request.stdout = addresses.output
        request.stderr = addresses.error ?? (addresses.terminal ? "" : addresses.output)
        return request
    }

    @discardableResult
    func exec(_ exec: String, _ command: String..., addresses: Addresses) throws -> pid_t {
        try send("Exec", execRequest(exec, command, addresses))
        return try startTask(exec: exec)
    }

    /// A script in the workspace that can be executed.
    func script(_ name: String, _ text: String) throws -> String {
        try Host.write("#!/bin/sh\n" + text, to: workspace.file(name), mode: 0o755)
        return workspace.file(name)
    }

    /// Sends the shim a signal, and returns when it has acted on it and still serves.
    func signal(_ number: Int32) throws {
        kill(try shimPID(), number)
        // The loop may take the first call before the signal that came with it, but not the second.
        _ = try state()
        _ = try state()
    }

    /// What the shim has written into its log and nobody has read yet.
    func takeLog(_ id: String = "a") -> String {
        let descriptor = open(bundle(id) + "/log", O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        defer { close(descriptor) }
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while case let count = read(descriptor, &chunk, chunk.count), count > 0 { text += chunk[..<count] }
        return String(decoding: text, as: UTF8.self)
    }

    /// What a descriptor of a process on the host leads to.
    func target(of descriptor: Int32, in process: pid_t) -> String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/fd/\(descriptor)")) ?? ""
    }
}
