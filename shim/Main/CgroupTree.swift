import CShim

/// The groups of one path, in every hierarchy of the host where there is such a group.
struct CgroupTree {
    private(set) var directories: [Text] = []

    private static var mountPoint: Text { "/sys/fs/cgroup" }

    /// Looks below every v1 controller, or in the unified hierarchy.
    ///
    /// - Parameter hybrid: also the unified hierarchy of a host that has both, where runtimes make groups too.
    init(_ path: Text, hybrid: Bool = false) {
        let relative = ShimAddress.join(["/", path])
        guard !Files.exists(Self.mountPoint + "/cgroup.controllers") else {
            add(Self.mountPoint + relative)
            return
        }
        for line in (Files.read("/proc/self/cgroup") ?? "").split(0x0a) {
            let fields = line.split(0x3a)
            guard fields.count >= 3 else { continue }
            if fields[1].isEmpty, hybrid { add(Self.mountPoint + "/unified" + relative) }
            for controller in fields[1].split(0x2c) where !controller.isEmpty {
                let name = controller.hasPrefix("name=") ? controller.dropFirst(5) : controller
                add(Self.mountPoint.appending(component: name) + relative)
            }
        }
    }

    private mutating func add(_ directory: Text) {
        if Files.exists(directory + "/cgroup.procs") { directories.append(directory) }
    }

    /// Kills what is in the groups and in those below them, and removes them all.
    ///
    /// False if something was left when `limit` milliseconds were over.
    func remove(limit: Int) -> Bool {
        let deadline = Clock.milliseconds() + limit
        let all = directories.flatMap { Self.withChildren($0) }
        while true {
            let ended = all.flatMap { Self.kill(in: $0) }
            if ended.isEmpty { break }
            for pid in ended where !Self.awaitEnd(of: pid, deadline) { return false }
        }
        return all.reduce(true) { Self.remove($1, deadline) && $0 }
    }

    /// The deepest come first, in the order in which they can be removed.
    private static func withChildren(_ directory: Text) -> [Text] {
        Files.folders(in: directory).flatMap { withChildren(directory.appending(component: $0)) } + [directory]
    }

    /// The pids that were killed; a frozen one is thawed, or it would not die.
    private static func kill(in directory: Text) -> [pid_t] {
        let pids = (Files.read(directory + "/cgroup.procs") ?? "").split(0x0a).compactMap { $0.decimal }
            .compactMap { pid_t(exactly: $0) }.filter { $0 > 0 }
        for pid in pids { _ = CShim.kill(pid, SIGKILL) }
        if !pids.isEmpty {
            for (file, word) in [("/freezer.state", "THAWED"), ("/cgroup.freeze", "0")] as [(Text, Text)] {
                let control = OwnedFD(adopting: (directory + file).withCString { shim_open($0, O_WRONLY, 0) })
                if control.isOpen { _ = Files.writeAll(control.raw, word.bytes) }
            }
        }
        return pids
    }

    private static func awaitEnd(of pid: pid_t, _ deadline: Int) -> Bool {
        let process = OwnedFD(adopting: shim_process_descriptor(pid))
        guard process.isOpen else { return shim_errno() == ESRCH }
        var wish = pollfd(fd: process.raw, events: Int16(POLLIN), revents: 0)
        return poll(&wish, 1, Int32(clamping: max(0, deadline - Clock.milliseconds()))) == 1
    }

    private static func remove(_ directory: Text, _ deadline: Int) -> Bool {
        while directory.withCString({ rmdir($0) }) != 0 {
            if shim_errno() == ENOENT { return true }
            // What has ended leaves a v1 group a moment later, of which the kernel does not tell.
            guard shim_errno() == EBUSY, Clock.milliseconds() < deadline else { return false }
            _ = poll(nil, 0, 5)
        }
        return true
    }
}
