import CShim

/// Options.shim_cgroup: where the shim itself is accounted.
enum ShimCgroup {
    private static var mountPoint: Text { "/sys/fs/cgroup" }

    /// Moves `pid` into `path`, which is made if it is missing: on cgroup v2 once, on v1 below every controller.
    static func join(_ path: Text, _ pid: pid_t) throws(SystemError) {
        let relative = ShimAddress.join(["/", path])
        if access(mountPoint + "/cgroup.controllers") {
            try enter(mountPoint + relative, pid)
            return
        }
        guard let table = Files.read("/proc/self/cgroup") else { throw SystemError("read /proc/self/cgroup") }
        for line in table.split(0x0a) {
            let fields = line.split(0x3a)
            guard fields.count >= 3, !fields[1].isEmpty else { continue }
            let controller = fields[1].hasPrefix("name=") ? fields[1].dropFirst(5) : fields[1]
            let directory = mountPoint.appending(component: controller)
            if access(directory) { try enter(directory + relative, pid) }
        }
    }

    private static func access(_ path: Text) -> Bool {
        path.withCString { CShim.access($0, F_OK) } == 0
    }

    private static func enter(_ directory: Text, _ pid: pid_t) throws(SystemError) {
        Files.makeDirectories(directory, mode: 0o755)
        let path = directory + "/cgroup.procs"
        let fd = OwnedFD(adopting: path.withCString { shim_open($0, O_WRONLY, 0) })
        guard fd.isOpen, Files.writeAll(fd.raw, Text("\(pid)").bytes) else { throw SystemError("join \(directory)") }
    }
}
