import Foundation
import SwctrCore
import SwctrOCI
import SwctrProto

extension SpecRequest {
    /// What a client asked for; checked before.
    init(_ request: Swctr_V1_ContainerOptions, key: ContainerKey) throws(EngineError) {
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
        rootfsPropagation = Propagation(rawValue: request.rootfsPropagation)
        labels = request.labels
        annotations = request.annotations
        terminal = request.terminal
        cgroup = request.hasCgroup ? (request.cgroup.isEmpty ? .unset : .path(request.cgroup)) : .byName
        resources = Resources(request)
        limits = request.limits.map { Process.ResourceLimit(type: $0.type, hard: $0.hard, soft: $0.soft) }
        hostNetwork = request.netHost
        namespaces = request.namespaces.compactMap { namespace in
            LinuxNamespace.Kind(rawValue: namespace.type).map { LinuxNamespace($0, path: namespace.path) }
        }
        uidMappings = request.uidMappings.map(IDMapping.init)
        gidMappings = request.gidMappings.map(IDMapping.init)
        privileged = request.privileged
        hostDevices = !request.withoutHostDevices
        addedCapabilities = request.capAdd
        droppedCapabilities = request.capDrop
        allowNewPrivileges = request.allowNewPrivileges
        if request.seccomp {
            let host = try HostFacts.seccomp()
            seccomp =
                request.seccompProfile.isEmpty
                ? .standard(host) : .custom(try SeccompProfile(document: request.seccompProfile), host)
        }
        hostname = request.hostname
        name = request.name
        user = request.user
        rootDirectory = request.rootfs ? request.image : nil
    }
}

extension SpecRequest.Resources {
    init(_ request: Swctr_V1_ContainerOptions) {
        self.init()
        let wanted = request.resources
        memory = request.memoryLimit
        cpuShares = wanted.hasCpuShares ? wanted.cpuShares : nil
        cpuQuota = wanted.hasCpuQuota ? wanted.cpuQuota : nil
        cpuPeriod = wanted.hasCpuPeriod ? wanted.cpuPeriod : nil
        cpuBurst = wanted.hasCpuBurst ? wanted.cpuBurst : nil
        cpus = wanted.cpusetCpus
        mems = wanted.cpusetMems
        rdtClass = wanted.rdtClass
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

extension SeccompProfile {
    /// Reads a profile's JSON.
    ///
    /// - Throws: `.invalidArgument` that says what does not fit.
    init(document: Data) throws(EngineError) {
        do { self = try JSONDecoder().decode(SeccompProfile.self, from: document) } catch {
            throw EngineError(
                .invalidArgument, subject: "seccomp profile",
                message: "is neither in Docker's form nor in the runtime specification's", causes: ["\(error)"])
        }
    }
}
