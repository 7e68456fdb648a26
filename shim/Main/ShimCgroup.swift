import CShim

/// Options.shim_cgroup: where the shim itself is accounted.
enum ShimCgroup {
    private static var mountPoint: Text { "/sys/fs/cgroup" }

    /// Moves `pid` into `path`, which must exist: on cgroup v2 once, on v1 below every controller that has it.
    static func join(_ path: Text, _ pid: pid_t) throws(SystemError) {
        let relative = ShimAddress.join(["/", path])
        var joined = 0
        if exists(mountPoint + "/cgroup.controllers") {
            joined += try enter(mountPoint + relative, pid)
        } else {
            guard let table = Files.read("/proc/self/cgroup") else { throw SystemError("read /proc/self/cgroup") }
            for line in table.split(0x0a) {
                let fields = line.split(0x3a)
                guard fields.count >= 3 else { continue }
                for controller in fields[1].split(0x2c) where !controller.isEmpty {
                    let name = controller.hasPrefix("name=") ? controller.dropFirst(5) : controller
                    joined += try enter(mountPoint.appending(component: name) + relative, pid)
                }
            }
        }
        if joined == 0 { throw SystemError("load cgroup \(path)", ENOENT) }
    }

    private static func exists(_ path: Text) -> Bool {
        path.withCString { access($0, F_OK) } == 0
    }

    /// 1 if there is such a cgroup, which `pid` is then in.
    private static func enter(_ directory: Text, _ pid: pid_t) throws(SystemError) -> Int {
        let path = directory + "/cgroup.procs"
        guard exists(path) else { return 0 }
        let fd = OwnedFD(adopting: path.withCString { shim_open($0, O_WRONLY, 0) })
        guard fd.isOpen, Files.writeAll(fd.raw, Text("\(pid)").bytes) else { throw SystemError("join \(directory)") }
        return 1
    }
}
