import CShim

/// Tells when the kernel kills processes of a container because its memory is used up.
///
/// On v1 the kernel signals an eventfd; on v2 a change of `memory.events` wakes epoll. (Not through inotify: a user may
/// have 128 instances of that, and a host more containers.)
final class OOMWatch {
    private let loop: EventLoop
    private let report: () -> Void
    private var fd = OwnedFD()
    private var watch: Watch?
    /// v1: a file that is there for as long as the cgroup.
    private var control: Text = ""
    /// v1: runs from the first signal to the report. The kernel may give several for one kill, the first before it.
    private var burst: Timer?
    private static let burstTime = 100
    /// v2: how many processes had been killed when we looked last.
    private var kills: UInt64 = 0

    /// Watches from now on; nil if the container's memory is not counted on this host.
    init?(loop: EventLoop, cgroups: CgroupPath, report: @escaping () -> Void) {
        self.loop = loop
        self.report = report
        guard let directory = Cgroups.directory(of: cgroups, controller: "memory") else { return nil }
        let events: UInt32
        if Cgroups.isUnified {
            let path = directory.appending(component: "memory.events")
            fd.replace(adopting: path.withCString { shim_open($0, O_RDONLY, 0) })
            guard let count = readKills() else { return nil }
            kills = count
            events = Ready.urgent
        } else {
            control = directory.appending(component: "memory.oom_control")
            guard subscribe(directory) else { return nil }
            events = Ready.input
        }
        watch = loop.add(fd.raw, events) { [self] _ in
            if control.isEmpty { check() } else { receive() }
        }
        if watch == nil { return nil }
    }

    /// Reports what has happened since the last look. Called before an exit becomes known, so that its reason does.
    func check() {
        guard fd.isOpen || burst != nil else { return }
        if control.isEmpty {
            guard let count = readKills() else {
                close()
                return
            }
            if count > kills { report() }
            kills = count
        } else {
            receive()
            if burst != nil { reportBurst() }
        }
    }

    private func receive() {
        var count: UInt64 = 0
        guard read(fd.raw, &count, MemoryLayout<UInt64>.size) == MemoryLayout<UInt64>.size else { return }
        // The end of the cgroup is signalled too.
        if !Files.exists(control) {
            loop.remove(&watch)
            fd.close()
        } else if burst == nil {
            burst = loop.after(Self.burstTime) { [self] in reportBurst() }
        }
    }

    private func reportBurst() {
        burst?.cancel()
        burst = nil
        report()
    }

    func close() {
        burst?.cancel()
        burst = nil
        loop.remove(&watch)
        fd.close()
    }

    private func subscribe(_ directory: Text) -> Bool {
        fd.replace(adopting: eventfd(0, O_CLOEXEC | O_NONBLOCK))
        let target = OwnedFD(adopting: control.withCString { shim_open($0, O_RDONLY, 0) })
        let path = directory.appending(component: "cgroup.event_control")
        let registry = OwnedFD(adopting: path.withCString { shim_open($0, O_WRONLY, 0) })
        guard fd.isOpen, target.isOpen, registry.isOpen else { return false }
        return Files.writeAll(registry.raw, Text("\(fd.raw) \(target.raw)").bytes)
    }

    /// Nil once the cgroup is gone.
    private func readKills() -> UInt64? {
        guard fd.isOpen, lseek(fd.raw, 0, SEEK_SET) == 0, let text = Files.read(descriptor: fd.raw, limit: 4096) else {
            return nil
        }
        return CgroupMetrics.values(text, "oom_kill")[0]
    }
}
