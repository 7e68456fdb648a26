import Glibc
import SwctrCore
import SwctrLinux
import SwctrOCI
import SwctrProto

/// What a specification needs to know of the host; only what the request asks for is looked up.
enum HostFacts {
    static func gather(privileged: Bool, network: Bool) throws(EngineError) -> SpecRequest.Host {
        var host = SpecRequest.Host()
        if privileged {
            host.capabilities = try Capabilities.current()
            host.devices = try DeviceNode.all(below: "/dev").map { node in
                var device = Linux.Device(path: node.path, type: node.type, major: node.major, minor: node.minor)
                device.fileMode = node.mode
                device.uid = node.uid
                device.gid = node.gid
                return device
            }
        }
        if network {
            host.hostname = hostname()
            host.networkFiles = ["/etc/hosts", "/etc/resolv.conf"].filter { access($0, R_OK) == 0 }
        }
        return host
    }

    private static func hostname() -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        if gethostname(&buffer, buffer.count - 1) != 0 { return "" }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

extension SpecRequest {
    /// What a client asked for.
    init(_ request: Swctr_V1_ContainerOptions, key: ContainerKey) {
        self.init(id: key.id.rawValue, namespace: key.namespace.rawValue)
        args = request.args
        env = request.env
        cwd = request.cwd
        mounts = request.mounts.map { mount in
            SwctrOCI.SpecMount(
                destination: mount.destination, type: mount.type.isEmpty ? nil : mount.type,
                source: mount.source.isEmpty ? nil : mount.source, options: mount.options.isEmpty ? nil : mount.options)
        }
        readOnly = request.readOnly
        labels = request.labels
        terminal = request.terminal
        cgroup = request.hasCgroup ? (request.cgroup.isEmpty ? .unset : .path(request.cgroup)) : .byName
        memoryLimit = request.memoryLimit
        hostNetwork = request.netHost
        privileged = request.privileged
        hostname = request.hostname
        user = request.user
        rootDirectory = request.rootfs ? request.image : nil
    }
}

extension SpecRequest.ImageDefaults {
    init(_ config: ImageConfig) {
        let execution = config.config
        self.init(
            entrypoint: execution?.entrypoint ?? [], command: execution?.cmd ?? [], env: execution?.env ?? [],
            workingDirectory: execution?.workingDir ?? "", user: execution?.user ?? "")
    }
}
