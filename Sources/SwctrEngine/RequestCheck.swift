import Glibc
import SwctrCore
import SwctrLinux
import SwctrMetadata
import SwctrOCI
import SwctrProto
import SwctrRuntime

/// What a request alone gives away, all of it at once.
enum RequestCheck {
    static func check(
        _ request: Swctr_V1_ContainerOptions, runtime: String, given: GivenSpec?
    ) throws(EngineError) -> (ContainerID, RuntimeOptions) {
        var problems = Problems()
        let id = problems.collect { () throws(EngineError) in try ContainerID(request.id) }
        let options = problems.collect { () throws(EngineError) in
            try RuntimeOptions(
                checking: request.runtime.hasOptions ? request.runtime.options : nil, runtime: runtime,
                cgroup: given?.spec.linux.cgroupsPath ?? (request.hasCgroup ? request.cgroup : nil))
        }
        problems.collect { () throws(EngineError) in try LabelRule.check(request.labels) }
        problems.collect { () throws(EngineError) in try LabelRule.check(request.snapshotLabels) }
        if given == nil {
            if request.rootfs {
                problems.collect { () throws(EngineError) in try checkRootDirectory(request.image) }
            } else if request.image.isEmpty {
                problems.add("image", "must be named", hint: "swctr images ls shows what is here")
            }
        }
        for mount in request.mounts {
            problems.collect { () throws(EngineError) in try checkMount(mount) }
        }
        for variable in request.env where variable.isEmpty || variable.hasPrefix("=") {
            problems.add("environment variable \"\(variable)\"", "must be NAME=VALUE, or NAME to remove it")
        }
        if (request.env + request.args).contains(where: { $0.utf8.contains(0) }) {
            problems.add("command", "an argument or variable contains a zero byte")
        }
        if request.hostname.utf8.count > 64 { problems.add("hostname", "is longer than the 64 bytes Linux allows") }
        if request.hasCgroup, request.cgroup.split(separator: "/").contains("..") {
            problems.add("cgroup \"\(request.cgroup)\"", "must not contain ..")
        }
        if !request.name.isEmpty, let reason = IdentifierRule.violation(of: request.name) {
            problems.add("name \"\(request.name)\"", reason)
        }
        if !request.name.isEmpty, request.randomName { problems.add("name", "is given and to be made up at once") }
        if request.labels[ContainerRecord.nameLabel] != nil {
            problems.add("label \"\(ContainerRecord.nameLabel)\"", "is the container's name", hint: "use --name")
        }
        checkCombinations(request, &problems)
        for namespace in request.namespaces {
            problems.collect { () throws(EngineError) in try checkNamespace(namespace) }
        }
        try problems.raise()
        guard let id, let options else { preconditionFailure("what was not made raised a problem") }
        return (id, options)
    }

    private static func checkCombinations(_ request: Swctr_V1_ContainerOptions, _ problems: inout Problems) {
        if !request.seccompProfile.isEmpty, !request.seccomp {
            problems.add("seccomp profile", "is given, but seccomp is not asked for", hint: "add --seccomp")
        }
        if request.withoutHostDevices, !request.privileged {
            problems.add("privileged-without-host-devices", "needs --privileged")
        }
        if !request.apparmorProfile.isEmpty, !request.apparmorDefaultProfile.isEmpty {
            problems.add("apparmor profile", "--apparmor-profile and --apparmor-default-profile exclude each other")
        }
        if request.uidMappings.isEmpty != request.gidMappings.isEmpty {
            problems.add("user namespace", "needs both --uidmap and --gidmap")
        }
        let joined = Set(request.namespaces.map(\.type))
        if request.netHost, joined.contains("network") {
            problems.add("network namespace", "cannot be the host's and another one at once")
        }
        if !request.uidMappings.isEmpty, joined.contains("user") {
            problems.add("user namespace", "cannot be joined and have maps of its own")
        }
        if !request.hostname.isEmpty, joined.contains("uts") {
            problems.add(
                "hostname \"\(request.hostname)\"", "would rename everything in the uts namespace that is joined")
        }
        if !request.rootfsPropagation.isEmpty, SpecRequest.Propagation(rawValue: request.rootfsPropagation) == nil {
            problems.add(
                "rootfs propagation \"\(request.rootfsPropagation)\"",
                "is none of \(SpecRequest.Propagation.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        let resources = request.resources
        if resources.blockIoClass.isEmpty != resources.blockIoClasses.isEmpty {
            problems.add("block I/O", "needs both --blockio-class and --blockio-config-file")
        }
    }

    /// The file is looked for now: the runtime would say so too, after half of a container exists.
    private static func checkNamespace(_ namespace: Swctr_V1_LinuxNamespace) throws(EngineError) {
        let subject = "namespace \"\(namespace.type):\(namespace.path)\""
        guard let kind = LinuxNamespace.Kind(rawValue: namespace.type), kind != .time else {
            throw EngineError(
                .invalidArgument, subject: subject, message: "type \"\(namespace.type)\" is not valid",
                hint: "it is one of pid, network, uts, mount, user, ipc, cgroup")
        }
        guard namespace.path.hasPrefix("/") else {
            throw EngineError(.invalidArgument, subject: subject, message: "must be an absolute path")
        }
        if access(namespace.path, F_OK) != 0 { throw .system("open namespace", subject: subject) }
    }

    /// A bind mount's source is looked for now: the runtime would say so too, after half of a container exists.
    private static func checkMount(_ mount: Swctr_V1_SpecMount) throws(EngineError) {
        let subject = "mount \"\(mount.destination)\""
        guard mount.destination.hasPrefix("/") else {
            throw EngineError(.invalidArgument, subject: subject, message: "destination must be an absolute path")
        }
        let isBind = mount.type == "bind" || mount.options.contains("bind") || mount.options.contains("rbind")
        guard isBind else { return }
        guard mount.source.hasPrefix("/") else {
            throw EngineError(
                .invalidArgument, subject: subject, message: "source \"\(mount.source)\" must be an absolute path")
        }
        if access(mount.source, F_OK) != 0 {
            throw .system("bind", subject: "\(subject), source \"\(mount.source)\"")
        }
    }

    private static func checkRootDirectory(_ path: String) throws(EngineError) {
        guard path.hasPrefix("/") else {
            throw EngineError(.invalidArgument, subject: "root directory \"\(path)\"", message: "must be absolute")
        }
        var status = stat()
        if stat(path, &status) != 0 { throw .system("open root directory", subject: path) }
        if status.st_mode & S_IFMT != S_IFDIR {
            throw EngineError(.invalidArgument, subject: "root directory \"\(path)\"", message: "is not a directory")
        }
    }
}
