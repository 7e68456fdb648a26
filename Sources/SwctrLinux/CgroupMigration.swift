import Dispatch
import Glibc
import Synchronization

/// The kernel's lock around moves of processes between control groups.
///
/// A runtime moves its container's first process, and that of an exec, into a control group. The kernel keeps forks out
/// meanwhile, and when nobody has moved anything for a while it lets a grace period pass before (`rcu_sync_enter`): 8 to
/// 13 ms at 250 Hz, the longest single step of a start. The next moves are fast, until another grace period has passed.
/// Measurements: docs/adr/0014-cgroup-grace-period.md.
public enum CgroupMigration {
    private static let queue = DispatchQueue(label: "swctr.cgroup")
    private static let isUnderWay = Atomic(false)
    private static let hierarchies = (try? TextFile.read("/proc/self/mountinfo", limit: 64 << 20)).map(
        Cgroup.hierarchies)

    /// Has the grace period begin now, beside the other steps of a start: moves this process to the control group in
    /// which it is. Returns at once. Without the right to do so (rootless) nothing happens, and a start takes its time.
    public static func anticipate() {
        guard let hierarchies, !isUnderWay.exchange(true, ordering: .acquiring) else { return }
        queue.async {
            defer { isUnderWay.store(false, ordering: .releasing) }
            // Read each time: who moved the manager elsewhere must not find it moved back.
            guard let groups = try? TextFile.read("/proc/self/cgroup", limit: 1 << 20),
                let path = directory(of: groups, in: hierarchies)
            else { return }
            let number = open("\(path)/cgroup.procs", O_WRONLY | O_CLOEXEC)
            if number < 0 { return }
            let file = OwnedFD(adopting: number)
            _ = write(file.number, "0", 1)
        }
    }

    /// One directory that a process is in; the lock is the same for every hierarchy.
    ///
    /// - Parameter groups: a text in the form of /proc/self/cgroup: "4:memory:/path", and "0::/path" for version 2.
    static func directory(of groups: String, in hierarchies: [Cgroup.Hierarchy]) -> String? {
        for line in groups.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3, let mounted = hierarchies.first(where: { $0.controllers == fields[1] }) else {
                continue
            }
            return mounted.path + (fields[2] == "/" ? "" : fields[2])
        }
        return nil
    }
}
