public import SwctrCore

/// Turns a request into a specification. Pure: the same request gives the same bytes.
public enum SpecBuilder {
    /// The steps stand in the order in which they are applied: what is general first, then what the image says, then
    /// what the user said, so that the last word is the user's; what is derived from the result (the system call filter
    /// from the capabilities) comes last. The order is containerd's.
    ///
    /// - Parameters:
    ///   - image: nil for a plain directory.
    ///   - users: the root file system's accounts.
    /// - Throws: `.invalidArgument` for what cannot become a container; `.notFound` for an unknown user.
    public static func build(
        _ request: SpecRequest, image: SpecRequest.ImageDefaults?, users: UserDatabase, host: SpecRequest.Host
    ) throws(EngineError) -> Spec {
        var spec = Spec.linuxDefault(cgroupsPath: cgroupPath(for: request))
        spec.setRoot(request)
        try spec.setCommand(request, image)
        spec.setEnvironment(request, image)
        try spec.setDirectory(request, image)
        spec.process.user = try users.resolve(request.user.isEmpty ? (image?.user ?? "") : request.user)

        if request.privileged { spec.liftLimits(host, withDevices: request.hostDevices) }
        if request.hostNetwork { spec.shareNetwork(host) }
        try spec.addMounts(request.mounts)
        for namespace in request.namespaces { spec.join(namespace) }
        try spec.mapUsers(request.uidMappings, request.gidMappings)
        spec.setHostname(request)

        try spec.addCapabilities(request.addedCapabilities)
        try spec.dropCapabilities(request.droppedCapabilities)
        for limit in request.limits { try spec.setLimit(limit) }
        try spec.setResources(request.resources)
        if let blockIO = host.blockIO { spec.linux.resources?.blockIO = blockIO }
        for device in host.requestedDevices { spec.addDevice(device) }
        for edits in host.deviceEdits { spec.apply(edits) }

        if request.allowNewPrivileges { spec.process.noNewPrivileges = nil }
        if !request.apparmorProfile.isEmpty { spec.process.apparmorProfile = request.apparmorProfile }
        switch request.seccomp {
        case .standard(let kernel): try spec.filter(SeccompProfile.standard, on: kernel)
        case .custom(let profile, let kernel): try spec.filter(profile, on: kernel)
        case nil: break
        }
        spec.annotate(request)
        return spec
    }

    private static func cgroupPath(for request: SpecRequest) -> String? {
        switch request.cgroup {
        case .byName: "/\(request.namespace)/\(request.id)"
        case .unset: nil
        case .path(let path): path
        }
    }
}
