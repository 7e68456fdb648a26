import ArgumentParser
import Glibc
import SwctrClient
import SwctrCore
import SwctrProto
import SwiftProtobuf

/// What makes a container: the flags that `run` and `containers create` share.
struct ContainerFlags: ParsableArguments {
    @Flag(name: [.customShort("t"), .long], help: "Give the process a terminal.")
    var tty = false

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Set KEY=VALUE; a bare KEY removes the variable. May be repeated.", valueName: "variable"))
    var env: [String] = []

    @Option(help: ArgumentHelp("Working directory (default: the image's, else /).", valueName: "path"))
    var cwd: String?

    @Option(
        name: [.customShort("u"), .long],
        help: ArgumentHelp("User, by name or number (default: the image's).", valueName: "user[:group]"))
    var user: String?

    @Option(help: ArgumentHelp("Host name inside the container.", valueName: "name"))
    var hostname: String?

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Mount, such as type=bind,src=/srv,dst=/data,options=rbind:ro. May be repeated.", valueName: "mount"))
    var mount: [String] = []

    @Flag(help: "Take a directory in place of IMAGE as root file system.")
    var rootfs = false

    @Flag(help: "Make the root file system read-only.")
    var readOnly = false

    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Label the container; a bare KEY means KEY=true. May be repeated.", valueName: "key=value"))
    var label: [String] = []

    @Option(help: ArgumentHelp("Platform of the image (default: the host's).", valueName: "os/arch"))
    var platform: String?

    @Option(
        help: ArgumentHelp(
            "Snapshotter (default: $SWCTR_SNAPSHOTTER, else the manager's).", valueName: "name"))
    var snapshotter: String?

    @Option(
        help: ArgumentHelp("Runtime: a name, or the path of a shim (default: the manager's).", valueName: "runtime"))
    var runtime: String?

    @Option(help: ArgumentHelp("Configuration file of a runtime other than runc.", valueName: "path"))
    var runtimeConfigPath: String?

    @Option(
        help: ArgumentHelp(
            "OCI runtime in place of runc, such as crun (io.containerd.runc.v2 only).", valueName: "program"))
    var runcBinary: String?

    @Option(
        help: ArgumentHelp("Where the OCI runtime keeps its state (io.containerd.runc.v2 only).", valueName: "path"))
    var runcRoot: String?

    @Flag(help: "Let systemd manage the cgroup (io.containerd.runc.v2 only; needs --cgroup).")
    var runcSystemdCgroup = false

    @Option(help: ArgumentHelp("Cgroup (default: /NAMESPACE/ID); empty sets none.", valueName: "path"))
    var cgroup: String?

    @Option(help: ArgumentHelp("Memory limit in bytes, or with k, m, g; 0 sets none.", valueName: "bytes"))
    var memoryLimit: ByteCountArgument?

    @Flag(help: "Share the host's network.")
    var netHost = false

    @Flag(help: "Lift nearly every restriction: all capabilities, all devices, nothing masked.")
    var privileged = false

    /// Refuses options that the runtime does not take, before anything is asked of anybody.
    func checkRuntime() throws(EngineError) {
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

    /// The request's part.
    func options(image: String, id: String, arguments: [String]) throws(EngineError) -> Swctr_V1_ContainerOptions {
        try checkRuntime()
        _ = try ContainerID(id)
        var options = Swctr_V1_ContainerOptions()
        options.id = id
        options.image = rootfs ? absolutePath(image) : image
        options.rootfs = rootfs
        options.args = arguments
        options.env = env
        options.cwd = cwd ?? ""
        for text in mount { options.mounts.append(try MountArgument.parse(text)) }
        options.readOnly = readOnly
        for text in label {
            let (key, value) = LabelRule.parse(text)
            options.labels[key] = value
        }
        try LabelRule.check(options.labels)
        options.runtime = try runtimeMessage()
        options.terminal = tty
        if let cgroup { options.cgroup = cgroup }
        options.memoryLimit = memoryLimit?.bytes ?? 0
        options.netHost = netHost
        options.privileged = privileged
        options.snapshotter = snapshotter ?? environment("SWCTR_SNAPSHOTTER") ?? ""
        options.hostname = hostname ?? ""
        options.user = user ?? ""
        options.platform = platform ?? ""
        return options
    }

    private func runtimeMessage() throws(EngineError) -> Swctr_V1_Runtime {
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

    static let valueOptions: Set<String> = [
        "--env", "--cwd", "--user", "-u", "--hostname", "--mount", "--label", "--platform", "--snapshotter",
        "--runtime",
        "--runtime-config-path", "--runc-binary", "--runc-root", "--cgroup", "--memory-limit",
    ]
}

/// Paths go to the manager, which has another working directory.
func absolutePath(_ path: String) -> String {
    if path.hasPrefix("/") || path.isEmpty { return path }
    guard let folder = getcwd(nil, 0) else { return path }
    defer { free(folder) }
    return String(cString: folder) + "/" + path
}

extension GlobalOptions {
    static let valueOptions: Set<String> = ["--address", "--namespace", "--timeout", "--connect-timeout"]
}
