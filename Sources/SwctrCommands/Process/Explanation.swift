import SwctrClient
import SwctrCore
import SwctrProto
import SwctrWire
import SwiftProtobuf

/// What `run` would do, with the source of each part: for `--explain`.
struct Explanation {
    let options: Swctr_V1_ContainerOptions
    let resolved: Swctr_V1_ResolveContainerResponse

    init(_ options: Swctr_V1_ContainerOptions, _ resolved: Swctr_V1_ResolveContainerResponse) {
        self.options = options
        self.resolved = resolved
    }

    var text: String {
        get throws(EngineError) {
            var table = Table(["WHAT", "VALUE", "FROM"], gap: 2)
            table.add(["id", options.id, "command line"])
            if options.rootfs { table.add(["root directory", options.image, "command line"]) }
            if !resolved.image.isEmpty {
                table.add(["image", "\(resolved.image)@\(resolved.imageDigest)", "command line"])
                table.add([
                    "snapshotter", resolved.snapshotter, source([("--snapshotter", !options.snapshotter.isEmpty)]),
                ])
            }
            table.add(["runtime", resolved.runtime.name, source([("--runtime", !options.runtime.name.isEmpty)])])
            table.add(["shim", resolved.shim, "the runtime's name"])
            if resolved.runtime.hasOptions {
                let value = AnyMessage.json(resolved.runtime.options)?.compact ?? resolved.runtime.options.typeURL
                table.add(["runtime options", value, "--runc-…, --runtime-config-path"])
            }
            for (key, value) in resolved.labels.sorted(by: { $0.key < $1.key }) {
                table.add(["label \(key)", value, options.labels[key] == nil ? "image" : "--label"])
            }
            let spec = try JSONValue(parsing: Array(resolved.spec))
            for (path, value) in Self.leaves(spec) { table.add([path, value.compact, origin(of: path, value)]) }
            return table.text
        }
    }

    /// Members of the document's members, one line each; lists are taken apart where they are long.
    private static func leaves(_ spec: JSONValue) -> [(String, JSONValue)] {
        guard case .object(let members) = spec else { return [] }
        var leaves: [(String, JSONValue)] = []
        func add(_ path: String, _ value: JSONValue, depth: Int) {
            switch value {
            case .object(let members) where depth < 4 && !members.isEmpty:
                for member in members { add("\(path).\(member.name)", member.value, depth: depth + 1) }
            case .array(let values) where ["mounts", "linux.namespaces", "linux.devices"].contains(path):
                for (index, value) in values.enumerated() { leaves.append(("\(path)[\(index)]", value)) }
            default: leaves.append((path, value))
            }
        }
        for member in members { add(member.name, member.value, depth: 1) }
        return leaves
    }

    /// Which flags had a say; where none had, the image or what is built in.
    private func origin(of path: String, _ value: JSONValue) -> String {
        if !options.spec.isEmpty {
            return path.hasPrefix("annotations")
                ? source([("--label", !options.labels.isEmpty)], else: "--config") : "--config"
        }
        switch path {
        case "process.args": return options.args.isEmpty ? "image: Entrypoint, Cmd" : "command line"
        case "process.env":
            return source(
                [
                    ("--env or --env-file", !options.env.isEmpty), ("--tty", options.terminal),
                    ("--net-host", options.netHost),
                ],
                adding: "image: Env, or built in")
        case "process.cwd":
            return options.cwd.isEmpty ? (value == .string("/") ? "built in" : "image: WorkingDir") : "--cwd"
        case "process.terminal": return "--tty"
        case "process.noNewPrivileges": return "built in"
        case "process.rlimits": return source([("--rlimit-nofile", !options.limits.isEmpty)])
        case "process.apparmorProfile": return "--apparmor-profile or --apparmor-default-profile"
        case "hostname": return options.hostname.isEmpty ? "the id" : "--hostname"
        case "root.path": return options.rootfs ? "command line" : "built in"
        case "root.readonly": return "--read-only"
        case "linux.cgroupsPath": return source([("--cgroup", options.hasCgroup)], else: "namespace and id")
        case "linux.rootfsPropagation": return "--rootfs-propagation"
        case "linux.seccomp.syscalls", "linux.seccomp.defaultAction", "linux.seccomp.defaultErrnoRet",
            "linux.seccomp.architectures":
            return options.seccompProfile.isEmpty ? "--seccomp" : "--seccomp-profile"
        default: return originOfGroup(path, value)
        }
    }

    private func originOfGroup(_ path: String, _ value: JSONValue) -> String {
        if path.hasPrefix("process.user") { return options.user.isEmpty ? "image: User, or built in" : "--user" }
        if path.hasPrefix("process.capabilities") {
            return source([
                ("--privileged", options.privileged), ("--cap-add", !options.capAdd.isEmpty),
                ("--cap-drop", !options.capDrop.isEmpty),
            ])
        }
        if path.hasPrefix("mounts") {
            let destination = value["destination"]?.text
            if options.mounts.contains(where: { $0.destination == destination }) { return "--mount" }
            return ["/etc/hosts", "/etc/resolv.conf"].contains(destination) && options.netHost
                ? "--net-host" : "built in"
        }
        if path.hasPrefix("linux.namespaces") {
            if value["path"] != nil { return "--with-ns" }
            return value["type"] == .string("user") ? "--uidmap, --gidmap" : "built in"
        }
        if path.hasPrefix("linux.uidMappings") || path.hasPrefix("linux.gidMappings") { return "--uidmap, --gidmap" }
        if path.hasPrefix("linux.devices") || path == "linux.resources.devices" {
            return source([
                ("--device", !options.devices.isEmpty), ("--gpus", !options.gpus.isEmpty),
                ("--privileged", options.privileged),
            ])
        }
        if path.hasPrefix("linux.resources.memory") { return "--memory-limit" }
        if path.hasPrefix("linux.resources.cpu") { return "--cpus, --cpu-… and --cpuset-…; run's default for shares" }
        if path.hasPrefix("linux.resources.blockIO") { return "--blockio-class" }
        if path.hasPrefix("linux.intelRdt") { return "--rdt-class" }
        if path.hasPrefix("annotations") {
            return source([("--label", !options.labels.isEmpty), ("--annotation", !options.annotations.isEmpty)])
        }
        return "built in"
    }

    /// The flags that were given, after what they change; `standard` where none was.
    private func source(
        _ flags: [(String, Bool)], else standard: String = "built in", adding base: String = ""
    ) -> String {
        let given = names(flags)
        if given.isEmpty { return base.isEmpty ? standard : base }
        return ((base.isEmpty ? [] : [base]) + given).joined(separator: ", then ")
    }
}

extension Client {
    /// What the manager would make of the options; nothing is created.
    func resolve(_ options: Swctr_V1_ContainerOptions) throws(EngineError) -> Swctr_V1_ResolveContainerResponse {
        var request = Swctr_V1_ResolveContainerRequest()
        request.options = options
        return try call(ServiceName.containers, "Resolve", request)
    }
}
