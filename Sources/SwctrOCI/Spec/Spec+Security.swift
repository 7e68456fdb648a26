import SwctrCore

// What the process may do.
extension Spec {
    /// What `--privileged` means in ctr: every capability the engine has, nothing hidden, sysfs writable, every device
    /// allowed, and unless that is not wanted a node for each.
    mutating func liftLimits(_ host: SpecRequest.Host, withDevices: Bool) {
        process.capabilities = Process.Capabilities(
            bounding: host.capabilities, effective: host.capabilities, inheritable: host.capabilities,
            permitted: host.capabilities)
        linux.maskedPaths = nil
        linux.readonlyPaths = nil
        for index in mounts.indices where ["sysfs", "cgroup"].contains(mounts[index].type) {
            mounts[index].options = (mounts[index].options ?? []).map { $0 == "ro" ? "rw" : $0 }
        }
        if withDevices, !host.devices.isEmpty { linux.devices = host.devices }
        linux.resources?.devices = [Linux.DeviceRule(allow: true, access: "rwm")]
    }

    mutating func addCapabilities(_ names: [String]) throws(EngineError) {
        try changeCapabilities(names) { set, name in if !set.contains(name) { set.append(name) } }
    }

    /// Also from the inheritable set, which nothing is added to.
    mutating func dropCapabilities(_ names: [String]) throws(EngineError) {
        try changeCapabilities(names) { set, name in set.removeAll { $0 == name } }
        if let inheritable = process.capabilities?.inheritable {
            process.capabilities?.inheritable = inheritable.filter { !names.contains($0) }
        }
    }

    private mutating func changeCapabilities(
        _ names: [String], _ change: (inout [String], String) -> Void
    ) throws(EngineError) {
        for name in names {
            try CapabilityName.check(name)
            var capabilities = process.capabilities ?? Process.Capabilities()
            for path in [
                \Process.Capabilities.bounding, \Process.Capabilities.effective, \Process.Capabilities.permitted,
            ] {
                var set = capabilities[keyPath: path] ?? []
                change(&set, name)
                capabilities[keyPath: path] = set
            }
            process.capabilities = capabilities
        }
    }

    /// A device node of the host under its own path, and the right to use it.
    mutating func addDevice(_ device: Linux.Device, access: String = "rwm") {
        linux.devices = (linux.devices ?? []).filter { $0.path != device.path } + [device]
        linux.resources?.devices?.append(
            Linux.DeviceRule(
                allow: true, type: device.type, major: device.major, minor: device.minor, access: access))
    }

    /// A system call filter, resolved for what the process has become.
    mutating func filter(_ profile: SeccompProfile, on kernel: SeccompProfile.Host) throws(EngineError) {
        linux.seccomp = try profile.resolved(capabilities: Set(process.capabilities?.bounding ?? []), on: kernel)
    }
}
