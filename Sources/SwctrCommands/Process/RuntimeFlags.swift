import SwctrArguments
import SwctrCore
import SwctrProto
import SwiftProtobuf

/// Who runs the container.
struct RuntimeFlags: ParsableArguments {
    @Option("--runtime", valueName: "runtime", help: "Runtime: a name, or the path of a shim (default: the manager's).")
    var runtime: String?

    @Option("--runtime-config-path", valueName: "path", help: "Configuration file of a runtime other than runc.")
    var runtimeConfigPath: String?

    @Option(
        "--runc-binary", valueName: "program",
        help: "OCI runtime in place of runc, such as crun (io.containerd.runc.v2 only).")
    var runcBinary: String?

    @Option(
        "--runc-root", valueName: "path", help: "Where the OCI runtime keeps its state (io.containerd.runc.v2 only).")
    var runcRoot: String?

    @Flag("--runc-systemd-cgroup", help: "Let systemd manage the cgroup (io.containerd.runc.v2 only; needs --cgroup).")
    var runcSystemdCgroup = false

    /// Refuses options that the runtime does not take, before anything is asked of anybody.
    func check(cgroup: String?) throws(EngineError) {
        try RuntimeOptionRule.check(
            runtime: runtime ?? RuntimeOptionRule.runcRuntime,
            flags: RuntimeOptionRule.RuncFlags(
                binary: runcBinary ?? "", root: runcRoot ?? "", systemdCgroup: runcSystemdCgroup),
            cgroup: cgroup)
        if runtimeConfigPath != nil, runtime ?? RuntimeOptionRule.runcRuntime == RuntimeOptionRule.runcRuntime {
            throw EngineError(
                .invalidArgument, subject: "--runtime-config-path",
                message: "is not for runtime \(RuntimeOptionRule.runcRuntime)", hint: "--runtime names another")
        }
    }

    func message(cgroup: String?) throws(EngineError) -> Swctr_V1_Runtime {
        try check(cgroup: cgroup)
        var message = Swctr_V1_Runtime()
        message.name = runtime ?? ""
        if runcBinary != nil || runcRoot != nil || runcSystemdCgroup {
            var options = Containerd_Runc_V1_Options()
            options.binaryName = runcBinary ?? ""
            options.root = runcRoot.map(absolutePath) ?? ""
            options.systemdCgroup = runcSystemdCgroup
            message.options = try pack(options)
        } else if let runtimeConfigPath {
            var options = Runtimeoptions_V1_Options()
            options.configPath = absolutePath(runtimeConfigPath)
            message.options = try pack(options)
        }
        return message
    }

    /// With the type's bare name as its URL, as containerd's clients write it.
    private func pack(_ content: some Message) throws(EngineError) -> Google_Protobuf_Any {
        var packed = Google_Protobuf_Any()
        packed.typeURL = type(of: content).protoMessageName
        do { packed.value = try content.serializedBytes() } catch {
            throw EngineError(.internal, subject: packed.typeURL, message: "cannot be encoded", causes: ["\(error)"])
        }
        return packed
    }
}
