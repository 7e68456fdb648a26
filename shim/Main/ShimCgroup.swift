import CShim

/// Options.shim_cgroup: where the shim itself is accounted.
enum ShimCgroup {
    /// Moves `pid` into `path`, which must exist: on cgroup v2 once, on v1 below every controller that has it.
    static func join(_ path: Text, _ pid: pid_t) throws(SystemError) {
        let directories = CgroupTree(path).directories
        if directories.isEmpty { throw SystemError("load cgroup \(path)", ENOENT) }
        for directory in directories {
            let fd = OwnedFD(adopting: (directory + "/cgroup.procs").withCString { shim_open($0, O_WRONLY, 0) })
            guard fd.isOpen, Files.writeAll(fd.raw, Text("\(pid)").bytes) else {
                throw SystemError("join \(directory)")
            }
        }
    }
}
