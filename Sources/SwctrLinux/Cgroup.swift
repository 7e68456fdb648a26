import Glibc
public import SwctrCore

/// A container's control group, in whichever hierarchies this host has: one place for version 2, one per controller for
/// version 1.
public struct Cgroup: Sendable {
    /// Directories below the mounted hierarchies; not all of them need to exist.
    let directories: [String]

    /// - Parameter path: as the specification's `cgroupsPath` has it, absolute in each hierarchy. A systemd triple
    ///   ("slice:prefix:name") names no directory that could be found without systemd, and has none here.
    public init(path: String) throws(EngineError) {
        let table = try TextFile.read("/proc/self/mountinfo", limit: 64 << 20)
        self.init(path: path, mountTable: table)
    }

    init(path: String, mountTable: String) {
        guard path.hasPrefix("/"), path != "/", !path.split(separator: "/").contains("..") else {
            directories = []
            return
        }
        directories = Self.hierarchies(in: mountTable).map { $0.path + path }
    }

    /// A mounted hierarchy.
    struct Hierarchy: Equatable {
        var path: String
        /// As /proc/PID/cgroup names them ("cpu,cpuacct", "name=systemd"); empty for version 2.
        var controllers: String
    }

    /// - Parameter mountTable: a text in the form of /proc/self/mountinfo.
    static func hierarchies(in mountTable: String) -> [Hierarchy] {
        mountTable.split(separator: "\n").compactMap { line in
            // "… ROOT MOUNTPOINT OPTIONS… - TYPE SOURCE SUPEROPTIONS"
            let fields = line.split(separator: " ")
            guard let dash = fields.firstIndex(of: "-"), dash + 3 < fields.count, fields.count > 4 else { return nil }
            switch fields[dash + 1] {
            case "cgroup2": return Hierarchy(path: String(fields[4]), controllers: "")
            case "cgroup":
                let options = fields[dash + 3].split(separator: ",").filter { !Self.mountFlags.contains($0) }
                return Hierarchy(path: String(fields[4]), controllers: options.joined(separator: ","))
            default: return nil
            }
        }
    }

    /// What stands beside the controllers in a hierarchy's options.
    private static let mountFlags: Set<Substring> = [
        "rw", "ro", "xattr", "noprefix", "clone_children", "cpuset_v2_mode", "favordynmods",
    ]

    /// Kills what is left in the group and waits for its end; then removes the group's directories.
    ///
    /// - Throws: `.deadlineExceeded` when a process does not end; what the kernel refused.
    public func killAndRemove(timeout: Duration) throws(EngineError) {
        for directory in directories {
            killAll(in: directory)
            // The group is frozen where its container was paused: a frozen process does not see its signal.
            write("THAWED", to: "\(directory)/freezer.state")
            write("0", to: "\(directory)/cgroup.freeze")
        }
        for directory in directories {
            try awaitEmpty(directory, timeout: timeout)
            try remove(directory)
        }
    }

    /// Removes the group's directories, and those below, where nobody is in them.
    ///
    /// - Throws: `.failedPrecondition` for a group with processes.
    public func removeEmpty() throws(EngineError) {
        for directory in directories where access(directory, F_OK) == 0 { try remove(directory) }
    }

    /// The processes of the group and of the groups below it.
    func processes(in directory: String) -> [pid_t] {
        var pids =
            (try? TextFile.read("\(directory)/cgroup.procs", limit: 16 << 20))?
            .split(separator: "\n").compactMap { pid_t($0) } ?? []
        for child in children(of: directory) { pids += processes(in: child) }
        return pids
    }

    private func killAll(in directory: String) {
        // Kernel 5.14 and later, version 2: atomic, no process can fork its way out.
        if write("1", to: "\(directory)/cgroup.kill") { return }
        for pid in processes(in: directory) {
            guard let process = try? PidFD(of: pid), processes(in: directory).contains(pid) else { continue }
            try? process.send(SIGKILL)
        }
    }

    private func awaitEmpty(_ directory: String, timeout: Duration) throws(EngineError) {
        let deadline = ContinuousClock.now + timeout
        while let pid = processes(in: directory).first {
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .zero else {
                throw EngineError(
                    .deadlineExceeded, operation: "kill", subject: directory,
                    message: "process \(pid) is still there \(timeout) after SIGKILL")
            }
            guard let process = try? PidFD(of: pid) else { continue }
            // One that was forked between the look and the signal is met here.
            try? process.send(SIGKILL)
            _ = process.waitForEnd(timeout: left)
        }
    }

    private func remove(_ directory: String) throws(EngineError) {
        for child in children(of: directory) { try remove(child) }
        if rmdir(directory) != 0, errno != ENOENT { throw .system("remove cgroup", subject: directory) }
    }

    private func children(of directory: String) -> [String] {
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            guard entry.pointee.d_type == UInt8(DT_DIR) else { continue }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append("\(directory)/\(name)") }
        }
        return names
    }

    @discardableResult
    private func write(_ text: String, to path: String) -> Bool {
        let number = open(path, O_WRONLY | O_CLOEXEC)
        if number < 0 { return false }
        let file = OwnedFD(adopting: number)
        return text.utf8.withContiguousStorageIfAvailable { Glibc.write(file.number, $0.baseAddress, $0.count) }
            == text.utf8.count
    }
}
