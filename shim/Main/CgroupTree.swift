import CShim

/// The groups of one path, in every hierarchy of the host where there is such a group.
struct CgroupTree {
    private(set) var directories: [Text] = []

    /// Looks below every v1 controller, or in the unified hierarchy.
    ///
    /// - Parameter hybrid: also the unified hierarchy of a host that has both, where runtimes make groups too.
    init(_ path: Text, hybrid: Bool = false) {
        let relative = ShimAddress.join(["/", path])
        if Cgroups.isUnified {
            add(Cgroups.directory(relative))
            return
        }
        for line in (Files.read("/proc/self/cgroup") ?? "").split(0x0a) {
            let fields = line.split(0x3a)
            guard fields.count >= 3 else { continue }
            if fields[1].isEmpty, hybrid { add(Cgroups.directory(controller: "unified", relative)) }
            for controller in fields[1].split(0x2c) where !controller.isEmpty {
                let name = controller.hasPrefix("name=") ? controller.dropFirst(5) : controller
                add(Cgroups.directory(controller: name, relative))
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
        var isGone = true
        // First in all hierarchies: what one of them has frozen dies in no other.
        for directory in directories { Self.release(directory) }
        for directory in directories where !Self.remove(directory, deadline) { isGone = false }
        return isGone
    }

    /// Kills in a group and in all below it, and thaws them: what is frozen does not die, and it may be so by any group
    /// above its own, whoever is in that.
    private static func release(_ directory: Text) {
        _ = kill(in: directory)
        write("THAWED", to: directory + "/freezer.state")
        write("0", to: directory + "/cgroup.freeze")
        for name in Files.folders(in: directory) { release(directory.appending(component: name)) }
    }

    /// The deepest first, as they can be removed.
    private static func remove(_ directory: Text, _ deadline: Int) -> Bool {
        for name in Files.folders(in: directory) {
            if !remove(directory.appending(component: name), deadline) { return false }
        }
        // Again until nobody is left who could have made another.
        var members = kill(in: directory)
        while let pid = members.first {
            if Clock.milliseconds() >= deadline { return false }
            awaitEnd(of: pid)
            members = kill(in: directory)
        }
        while directory.withCString({ rmdir($0) }) != 0 {
            if shim_errno() == ENOENT { return true }
            // What has ended leaves a v1 group a moment later, of which the kernel does not tell.
            guard shim_errno() == EBUSY, Clock.milliseconds() < deadline else { return false }
            _ = poll(nil, 0, 5)
        }
        return true
    }

    /// Who was killed.
    private static func kill(in directory: Text) -> [pid_t] {
        var pids: [pid_t] = []
        for member in (Files.read(directory + "/cgroup.procs") ?? "").split(0x0a) {
            guard let number = member.decimal, number > 0, let pid = pid_t(exactly: number) else { continue }
            _ = CShim.kill(pid, SIGKILL)
            pids.append(pid)
        }
        return pids
    }

    /// To a control that need not exist.
    private static func write(_ word: Text, to path: Text) {
        let control = OwnedFD(adopting: path.withCString { shim_open($0, O_WRONLY, 0) })
        if control.isOpen { _ = Files.writeAll(control.raw, word.bytes) }
    }

    /// Or a moment: the first process of a pid namespace has left its cgroup, but has not ended, while others of the
    /// namespace wait to be collected by a parent outside.
    private static func awaitEnd(of pid: pid_t) {
        let process = OwnedFD(adopting: shim_process_descriptor(pid))
        guard process.isOpen else { return }
        var wish = pollfd(fd: process.raw, events: Int16(POLLIN), revents: 0)
        _ = poll(&wish, 1, 10)
    }
}
