public import SwctrCore

extension SeccompProfile {
    /// The filter for a process with these capabilities on this host: rules whose conditions do not hold are left out.
    ///
    /// - Parameter capabilities: the bounding set.
    /// - Throws: `.invalidArgument` for a profile that contradicts itself, naming what.
    public func resolved(
        capabilities: Set<String>, on host: Host
    ) throws(EngineError) -> Linux.Seccomp {
        var filter = Linux.Seccomp(
            defaultAction: defaultAction, defaultErrnoRet: defaultErrnoRet, architectures: try families(on: host))
        filter.flags = flags
        filter.listenerPath = listenerPath
        filter.listenerMetadata = listenerMetadata
        try Self.check(action: defaultAction)
        var calls: [Linux.Seccomp.Syscall] = []
        for rule in syscalls ?? [] {
            try rule.check()
            if try rule.obstacle(capabilities, host) == nil {
                calls.append(
                    Linux.Seccomp.Syscall(
                        names: rule.allNames, action: rule.action, errnoRet: rule.errnoRet,
                        args: rule.args?.isEmpty == true ? nil : rule.args))
            }
        }
        filter.syscalls = calls.isEmpty ? nil : calls
        return filter
    }

    private func families(on host: Host) throws(EngineError) -> [String]? {
        if let architectures, !architectures.isEmpty {
            if let archMap, !archMap.isEmpty {
                throw Self.wrong("names both architectures and archMap")
            }
            return architectures
        }
        guard let archMap, !archMap.isEmpty else { return nil }
        let native = Self.libraryName(of: host.architecture)
        guard let family = archMap.first(where: { $0.architecture == native }) else { return nil }
        return [family.architecture] + (family.subArchitectures ?? [])
    }

    /// As libseccomp spells Go's name.
    static func libraryName(of architecture: String) -> String {
        switch architecture {
        case "amd64": "SCMP_ARCH_X86_64"
        case "386": "SCMP_ARCH_X86"
        case "arm64": "SCMP_ARCH_AARCH64"
        case "arm": "SCMP_ARCH_ARM"
        case let other: "SCMP_ARCH_\(other.uppercased())"
        }
    }

    /// Actions of the specification.
    static let actions: Set<String> = [
        "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP", "SCMP_ACT_ERRNO",
        "SCMP_ACT_TRACE", "SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_NOTIFY",
    ]

    static func check(action: String) throws(EngineError) {
        if !actions.contains(action) {
            throw wrong("action \"\(action)\" is none of \(actions.sorted().joined(separator: ", "))")
        }
    }

    static func wrong(_ message: String) -> EngineError {
        EngineError(.invalidArgument, subject: "seccomp profile", message: message)
    }
}

extension SeccompProfile.Rule {
    fileprivate func check() throws(EngineError) {
        if name != nil, names?.isEmpty == false {
            throw SeccompProfile.wrong("a rule has both name (\"\(name ?? "")\") and names")
        }
        if allNames.isEmpty { throw SeccompProfile.wrong("a rule names no system call") }
        try SeccompProfile.check(action: action)
        for argument in args ?? [] where argument.index > 5 {
            throw SeccompProfile.wrong("argument \(argument.index) of \(allNames[0]): a system call has 0 to 5")
        }
    }

    /// Why the rule does not hold here; nil where it does.
    func obstacle(_ capabilities: Set<String>, _ host: SeccompProfile.Host) throws(EngineError) -> String? {
        if let excludes {
            if excludes.arches?.contains(host.architecture) == true { return "not on \(host.architecture)" }
            if let cap = excludes.caps?.first(where: { capabilities.contains($0) }) { return "not with \(cap)" }
            if let least = try excludes.kernel(), host.kernel >= least {
                return "not on Linux \(least.major).\(least.minor) and later"
            }
        }
        if let includes {
            if let arches = includes.arches, !arches.isEmpty, !arches.contains(host.architecture) {
                return "only on \(arches.joined(separator: ", "))"
            }
            if let cap = includes.caps?.first(where: { !capabilities.contains($0) }) { return "only with \(cap)" }
            if let least = try includes.kernel(), host.kernel < least {
                return "only on Linux \(least.major).\(least.minor) and later"
            }
        }
        return nil
    }
}

extension SeccompProfile.Condition {
    fileprivate func kernel() throws(EngineError) -> SeccompProfile.KernelVersion? {
        guard let minKernel, !minKernel.isEmpty else { return nil }
        guard let version = SeccompProfile.KernelVersion(minKernel) else {
            throw SeccompProfile.wrong("minKernel \"\(minKernel)\" is no version such as 4.8")
        }
        return version
    }
}
