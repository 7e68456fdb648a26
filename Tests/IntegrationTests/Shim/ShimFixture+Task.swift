import Foundation
import Glibc
import SwctrProto
import SwctrTestSupport
import SwctrWire
import SwiftProtobuf

/// The calls of a task's life, with the values that tests usually want.
extension ShimFixture {
    /// Where a process's streams go: FIFOs of these names in the workspace, none for nil.
    struct Streams {
        var input: String?
        var output: String?
        var error: String?
        var terminal = false

        static let none = Streams()
        /// Both outputs into one FIFO: Debian's shim takes both or none.
        static func output(_ name: String) -> Streams { Streams(output: name, error: name) }
    }

    /// The path of a FIFO for a stream; made when it is not there.
    func fifo(_ name: String?) -> String {
        guard let name else { return "" }
        let path = workspace.file(name)
        mkfifo(path, 0o700)
        return path
    }

    /// A client that reads a stream to its end.
    func reader(_ name: String) throws -> Child { try Child(["cat", fifo(name)]) }

    /// A client that reads a stream to its end while the test does other things, and then says how much came.
    func counter(_ name: String) throws -> Child { try Child(["wc", "-c", fifo(name)]) }

    func createRequest(_ id: String = "a", _ streams: Streams = .none) -> Containerd_Task_V2_CreateTaskRequest {
        var request = Containerd_Task_V2_CreateTaskRequest()
        request.id = id
        request.bundle = bundle(id)
        request.terminal = streams.terminal
        request.stdin = fifo(streams.input)
        request.stdout = fifo(streams.output)
        request.stderr = fifo(streams.error)
        if let options = options ?? flavor.options { request.options = options }
        return request
    }

    @discardableResult
    func create(_ id: String = "a", _ streams: Streams = .none) throws -> pid_t {
        let answer: Containerd_Task_V2_CreateTaskResponse = try call("Create", createRequest(id, streams))
        return pid_t(answer.pid)
    }

    @discardableResult
    func startTask(_ id: String = "a", exec: String = "", on name: String = "main") throws -> pid_t {
        let answer: Containerd_Task_V2_StartResponse = try call("Start", startRequest(id, exec), on: name)
        return pid_t(answer.pid)
    }

    func startRequest(_ id: String = "a", _ exec: String = "") -> Containerd_Task_V2_StartRequest {
        var request = Containerd_Task_V2_StartRequest()
        request.id = id
        request.execID = exec
        return request
    }

    func execRequest(
        _ exec: String, _ command: [String], _ streams: Streams = .none
    ) throws -> Containerd_Task_V2_ExecProcessRequest {
        var request = Containerd_Task_V2_ExecProcessRequest()
        request.id = "a"
        request.execID = exec
        request.terminal = streams.terminal
        request.stdin = fifo(streams.input)
        request.stdout = fifo(streams.output)
        request.stderr = fifo(streams.error)
        let process = try JSONSerialization.data(withJSONObject: Self.process(command, terminal: streams.terminal))
        request.spec = ShimFlavor.any(
            "types.containerd.io/opencontainers/runtime-spec/1/Process", Array(process))
        return request
    }

    @discardableResult
    func exec(_ exec: String, _ command: String..., streams: Streams = .none) throws -> pid_t {
        try send("Exec", execRequest(exec, command, streams))
        return try startTask(exec: exec)
    }

    func waitRequest(_ exec: String = "", _ id: String = "a") -> Containerd_Task_V2_WaitRequest {
        var request = Containerd_Task_V2_WaitRequest()
        request.id = id
        request.execID = exec
        return request
    }

    func wait(_ exec: String = "", _ id: String = "a") throws -> UInt32 {
        let answer: Containerd_Task_V2_WaitResponse = try call("Wait", waitRequest(exec, id), on: "wait \(id) \(exec)")
        return answer.exitStatus
    }

    func state(_ exec: String = "", _ id: String = "a") throws -> Containerd_Task_V2_StateResponse {
        try call("State", stateRequest(exec, id))
    }

    func stateRequest(_ exec: String = "", _ id: String = "a") -> Containerd_Task_V2_StateRequest {
        var request = Containerd_Task_V2_StateRequest()
        request.id = id
        request.execID = exec
        return request
    }

    func killRequest(_ signal: Int32, exec: String = "", all: Bool = false) -> Containerd_Task_V2_KillRequest {
        var request = Containerd_Task_V2_KillRequest()
        request.id = "a"
        request.execID = exec
        request.signal = UInt32(signal)
        request.all = all
        return request
    }

    /// Kills a container's init and waits for its end.
    func killTask(_ id: String = "a") throws {
        var request = killRequest(SIGKILL)
        request.id = id
        try send("Kill", request)
        guard try wait("", id) == 137 else { throw TestFailure("\(id) did not die of SIGKILL") }
    }

    func deleteRequest(_ exec: String = "", _ id: String = "a") -> Containerd_Task_V2_DeleteRequest {
        var request = Containerd_Task_V2_DeleteRequest()
        request.id = id
        request.execID = exec
        return request
    }

    @discardableResult
    func delete(_ exec: String = "", _ id: String = "a") throws -> Containerd_Task_V2_DeleteResponse {
        try call("Delete", deleteRequest(exec, id))
    }

    func closeInput(_ exec: String = "") throws {
        var request = Containerd_Task_V2_CloseIORequest()
        request.id = "a"
        request.execID = exec
        request.stdin = true
        try send("CloseIO", request)
    }

    func shimPID(_ id: String = "a", on name: String = "main") throws -> pid_t {
        var request = Containerd_Task_V2_ConnectRequest()
        request.id = id
        let answer: Containerd_Task_V2_ConnectResponse = try call("Connect", request, on: name)
        return pid_t(answer.shimPid)
    }

    func shutdown(_ id: String = "a") throws {
        var request = Containerd_Task_V2_ShutdownRequest()
        request.id = id
        do { try send("Shutdown", request) } catch is TestFailure {}
    }

    /// Has Create use a script that stands before the flavor's runtime. `$real` is the runtime, `$call` its command.
    func wrapRuntime(_ script: String) throws {
        let path = workspace.file("runtime.sh")
        let real = flavor.runtime.isEmpty ? "runc" : flavor.runtime
        let words =
            "for word in \"$@\"; do case $word in create|start|exec|kill|delete|ps|resume|pause) call=$word; break;; esac; done"
        try Host.write("#!/bin/sh\nreal=\(real)\n\(words)\n\(script)\nexec $real \"$@\"\n", to: path, mode: 0o755)
        var options = Containerd_Runc_V1_Options()
        options.binaryName = path
        self.options = ShimFlavor.any("containerd.runc.v1.Options", try options.serializedBytes())
    }

    /// A FIFO that a script reads, and that this end keeps open: what is written is there when the script comes.
    func gate(_ name: String) throws -> Gate { try Gate(fifo(name)) }

    // MARK: Bundles

    /// A root file system of busybox that all bundles of the workspace share.
    static func makeRoot(_ workspace: Workspace) throws {
        let root = workspace.file("rootfs")
        for folder in ["bin", "dev", "proc", "sys", "tmp", "etc"] { try Host.makeFolder("\(root)/\(folder)") }
        try FileManager.default.copyItem(atPath: "/bin/busybox", toPath: root + "/bin/busybox")
        for applet in [
            "sh", "sleep", "cat", "echo", "head", "true", "false", "stty", "sha256sum", "wc", "kill", "tail", "dd",
        ] {
            symlink("busybox", "\(root)/bin/\(applet)")
        }
    }

    func makeBundle(
        _ id: String, _ command: [String], terminal: Bool = false, edit: (inout [String: Any]) -> Void = { _ in }
    ) throws {
        try Host.makeFolder(bundle(id) + "/rootfs")
        var spec: [String: Any] = [
            "ociVersion": "1.0.2", "hostname": String(id.prefix(60)),
            "process": Self.process(command, terminal: terminal),
            "root": ["path": workspace.file("rootfs")],
            "mounts": [
                ["destination": "/proc", "type": "proc", "source": "proc"],
                ["destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"]],
                [
                    "destination": "/dev/pts", "type": "devpts", "source": "devpts",
                    "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"],
                ],
            ],
            "linux": [
                "cgroupsPath": "/\(workspace.namespace)/\(id)",
                "namespaces": ["pid", "ipc", "uts", "mount", "network"].map { ["type": $0] },
            ],
        ]
        edit(&spec)
        try Host.write(
            String(decoding: try JSONSerialization.data(withJSONObject: spec), as: UTF8.self),
            to: bundle(id) + "/config.json")
    }

    static func process(_ command: [String], terminal: Bool) -> [String: Any] {
        [
            "args": command, "cwd": "/", "env": ["PATH=/bin", "TERM=xterm"], "terminal": terminal,
            "user": ["uid": 0, "gid": 0],
        ]
    }
}

/// What a script waits for with `read line < FIFO`.
final class Gate {
    let path: String
    private let descriptor: Int32

    init(_ path: String) throws {
        self.path = path
        descriptor = Glibc.open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw TestFailure("open \(path): errno \(errno)") }
    }

    deinit { close(descriptor) }

    /// Lets one reader of a line go on.
    func open() throws {
        guard write(descriptor, "go\n", 3) == 3 else { throw TestFailure("write to \(path): errno \(errno)") }
    }
}
