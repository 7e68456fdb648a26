import Glibc
import SwctrCore
import SwctrLinux
import SwctrOCI
import SwctrProto

/// What a specification needs to know of the host; only what the request asks for is looked up.
enum HostFacts {
    static func gather(for request: Swctr_V1_ContainerOptions) throws(EngineError) -> SpecRequest.Host {
        var host = SpecRequest.Host()
        if request.privileged {
            host.capabilities = try Capabilities.current()
            if !request.withoutHostDevices {
                host.devices = try DeviceNode.all(below: "/dev").map { Linux.Device($0) }
            }
        }
        if request.netHost {
            host.hostname = hostname()
            host.networkFiles = ["/etc/hosts", "/etc/resolv.conf"].filter { access($0, R_OK) == 0 }
        }
        try addDevices(of: request, to: &host)
        if !request.resources.blockIoClass.isEmpty {
            host.blockIO = try BlockIOClasses(request.resources.blockIoClasses).resolved(request.resources.blockIoClass)
        }
        if !request.resources.rdtClass.isEmpty, access("/sys/fs/resctrl/schemata", F_OK) != 0 {
            throw EngineError(
                .failedPrecondition, subject: "rdt class \"\(request.resources.rdtClass)\"",
                message: "resctrl is not mounted at /sys/fs/resctrl, so this host cannot give it")
        }
        return host
    }

    private static func addDevices(
        of request: Swctr_V1_ContainerOptions, to host: inout SpecRequest.Host
    ) throws(EngineError) {
        var names: [CDIName] = []
        for text in request.devices {
            if let name = CDIName(text) {
                names.append(name)
            } else {
                host.requestedDevices += try DeviceNode.named(text).map { Linux.Device($0) }
            }
        }
        if names.isEmpty && request.gpus.isEmpty { return }
        let registry = try CDIRegistry.load()
        for number in request.gpus { names.append(try registry.gpu(number)) }
        host.deviceEdits = try registry.edits(for: names)
    }

    private static func hostname() -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        if gethostname(&buffer, buffer.count - 1) != 0 { return "" }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// What conditions of seccomp profiles are held against.
    static func seccomp(platform: String = "") throws(EngineError) -> SeccompProfile.Host {
        let release = HostInformation().kernel
        guard let kernel = SeccompProfile.KernelVersion(release) else {
            throw EngineError(.internal, subject: "kernel release \"\(release)\"", message: "is no version")
        }
        let architecture = platform.isEmpty ? Platform.host.architecture : try Platform(platform).architecture
        return SeccompProfile.Host(architecture: architecture, kernel: kernel)
    }
}

extension Linux.Device {
    init(_ node: DeviceNode) {
        self.init(path: node.path, type: node.type, major: node.major, minor: node.minor)
        fileMode = node.mode
        uid = node.uid
        gid = node.gid
    }
}
