public import SwctrCore

/// Turns a request into a specification. Pure: the same request gives the same bytes.
public enum SpecBuilder {
    /// The order is containerd's (default, image, then what the user said), so that the last word is the user's.
    ///
    /// - Parameters:
    ///   - image: nil for a plain directory.
    ///   - users: the root file system's accounts.
    /// - Throws: `.invalidArgument` for what cannot become a container; `.notFound` for an unknown user.
    public static func build(
        _ request: SpecRequest, image: SpecRequest.ImageDefaults?, users: UserDatabase, host: SpecRequest.Host
    ) throws(EngineError) -> Spec {
        var spec = Spec.linuxDefault(cgroupsPath: cgroupPath(for: request))
        if let directory = request.rootDirectory { spec.root.path = directory }
        if request.readOnly { spec.root.readonly = true }
        spec.annotations = request.labels.isEmpty ? nil : request.labels

        try setProcess(of: &spec, request, image, users)
        try setMounts(of: &spec, request)
        if request.memoryLimit > 0 {
            guard let limit = Int64(exactly: request.memoryLimit) else {
                throw EngineError(
                    .invalidArgument, subject: "memory limit \(request.memoryLimit)", message: "is out of range")
            }
            spec.linux.resources?.memory = Linux.Memory(limit: limit)
        }
        if request.hostNetwork { shareNetwork(of: &spec, host) }
        spec.hostname = hostname(for: request)
        if request.privileged { liftLimits(of: &spec, host) }
        return spec
    }

    private static func cgroupPath(for request: SpecRequest) -> String? {
        switch request.cgroup {
        case .byName: "/\(request.namespace)/\(request.id)"
        case .unset: nil
        case .path(let path): path
        }
    }

    /// The kernel takes 64 bytes of host name; an id may hold more.
    private static func hostname(for request: SpecRequest) -> String? {
        if !request.hostname.isEmpty { return request.hostname }
        return request.hostNetwork ? nil : String(request.id.prefix(63))
    }

    private static func setProcess(
        of spec: inout Spec, _ request: SpecRequest, _ image: SpecRequest.ImageDefaults?, _ users: UserDatabase
    ) throws(EngineError) {
        let args = request.args.isEmpty ? (image.map { $0.entrypoint + $0.command } ?? []) : request.args
        if args.isEmpty {
            throw EngineError(
                .invalidArgument, subject: "container \"\(request.id)\"",
                message: "no command: neither the image nor the command line names one",
                hint: "put the command after the container's id")
        }
        spec.process.args = args

        if let image, !image.env.isEmpty { spec.process.env = image.env }
        if request.terminal {
            spec.process.terminal = true
            spec.process.env = Environment.merging(["TERM=xterm"], into: spec.process.env)
        }
        spec.process.env = Environment.merging(request.env, into: spec.process.env)

        let cwd = request.cwd.isEmpty ? (image?.workingDirectory ?? "") : request.cwd
        if !cwd.isEmpty { spec.process.cwd = cwd }
        if !spec.process.cwd.hasPrefix("/") {
            throw EngineError(
                .invalidArgument, subject: "working directory \"\(spec.process.cwd)\"", message: "must be absolute")
        }
        spec.process.user = try users.resolve(request.user.isEmpty ? (image?.user ?? "") : request.user)
    }

    private static func setMounts(of spec: inout Spec, _ request: SpecRequest) throws(EngineError) {
        for mount in request.mounts {
            guard mount.destination.hasPrefix("/") else {
                throw EngineError(
                    .invalidArgument, subject: "mount destination \"\(mount.destination)\"", message: "must be absolute"
                )
            }
            spec.mounts.removeAll { $0.destination == mount.destination }
            spec.mounts.append(mount)
        }
    }

    private static func shareNetwork(of spec: inout Spec, _ host: SpecRequest.Host) {
        spec.linux.namespaces.removeAll { $0.type == .network }
        for path in host.networkFiles where !spec.mounts.contains(where: { $0.destination == path }) {
            spec.mounts.append(SpecMount(destination: path, type: "bind", source: path, options: ["rbind", "ro"]))
        }
        if !host.hostname.isEmpty, !spec.process.env.contains(where: { $0.hasPrefix("HOSTNAME=") }) {
            spec.process.env.append("HOSTNAME=\(host.hostname)")
        }
    }

    /// What `--privileged` means in ctr: every capability the engine has, nothing hidden, sysfs writable, every device.
    private static func liftLimits(of spec: inout Spec, _ host: SpecRequest.Host) {
        spec.process.capabilities = Process.Capabilities(
            bounding: host.capabilities, effective: host.capabilities, inheritable: host.capabilities,
            permitted: host.capabilities)
        spec.linux.maskedPaths = nil
        spec.linux.readonlyPaths = nil
        for index in spec.mounts.indices where ["sysfs", "cgroup"].contains(spec.mounts[index].type) {
            spec.mounts[index].options = (spec.mounts[index].options ?? []).map { $0 == "ro" ? "rw" : $0 }
        }
        spec.linux.devices = host.devices.isEmpty ? nil : host.devices
        spec.linux.resources?.devices = [Linux.DeviceRule(allow: true, access: "rwm")]
    }
}
