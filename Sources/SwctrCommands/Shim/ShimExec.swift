import SwctrArguments
import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire
import SwiftProtobuf

struct ShimExec: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run one more process in a task, and print its id",
        discussion: "The process is an OCI process document; its streams are paths or URIs that the shim opens.")

    @OptionGroup(title: "Shim")
    var shim: ShimFlags

    @Option("--spec", valueName: "file", help: "The process, as JSON.")
    var spec: String

    @Option("--stdin", valueName: "path", help: "Where its input comes from.")
    var stdin = ""

    @Option("--stdout", valueName: "path", help: "Where its output goes.")
    var stdout = ""

    @Option("--stderr", valueName: "path", help: "Where its errors go.")
    var stderr = ""

    @Flag("-t", "--tty", help: "Give the process a terminal.")
    var tty = false

    @OptionGroup(title: "Global options")
    var global: GlobalOptions

    @Argument("exec-id", help: "Name of the new process.")
    var execID: String

    var action: Action { Action("exec in", shim.id ?? "") }

    func execute() throws(EngineError) -> Int32 {
        var request = Containerd_Task_V2_ExecProcessRequest()
        request.id = try shim.task()
        request.execID = try ExecID(execID).rawValue
        request.stdin = absolutePath(stdin)
        request.stdout = stdout.contains("://") ? stdout : absolutePath(stdout)
        request.stderr = stderr.contains("://") ? stderr : absolutePath(stderr)
        request.terminal = tty
        request.spec.typeURL = "types.containerd.io/opencontainers/runtime-spec/1/Process"
        request.spec.value = collection(of: try UserFile.read(spec, for: "--spec"))
        let connection = try shim.connect(global)
        let _: Google_Protobuf_Empty = try connection.call("Exec", request)
        var start = Containerd_Task_V2_StartRequest()
        start.id = request.id
        start.execID = request.execID
        let response: Containerd_Task_V2_StartResponse = try connection.call("Start", start)
        emit("\(response.pid)")
        return 0
    }
}
