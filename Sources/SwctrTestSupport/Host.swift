import Foundation

/// What can be seen of the host: processes, mounts, cgroups, files.
public enum Host {
    public static var isRoot: Bool { geteuid() == 0 }

    /// Whether a program of this name is in the tests' PATH.
    public static func has(_ program: String) -> Bool {
        (try? SpawnPlan.locate(program, in: Child.environment["PATH"] ?? "")) != nil
    }

    /// Where a program of this name is.
    public static func locate(_ program: String) throws -> String {
        try SpawnPlan.locate(program, in: Child.environment["PATH"] ?? "")
    }

    /// The whole of a file, to its end: files of /proc have no size and come in pieces.
    public static func read(_ path: String) throws -> String {
        let file = try Descriptor(open(path, O_RDONLY | O_CLOEXEC), "open \(path)")
        var text: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = Glibc.read(file.number, &piece, piece.count)
            if count == 0 { return String(decoding: text, as: UTF8.self) }
            guard count > 0 || errno == EINTR else { throw TestFailure("read \(path): errno \(errno)") }
            text += piece.prefix(max(0, count))
        }
    }

    public static func write(_ text: String, to path: String, mode: Int = 0o644) throws {
        guard
            FileManager.default.createFile(
                atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: mode])
        else { throw TestFailure("cannot write \(path)") }
    }

    public static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    public static func names(in folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }

    public static func makeFolder(_ path: String) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    public static func removeFolder(_ path: String) throws {
        try FileManager.default.removeItem(atPath: path)
    }

    /// Waits until an entry of this name is made in a folder by what `action` has begun.
    public static func awaitName<Result>(
        _ name: String, in folder: String, within limit: Duration = .seconds(20), after action: () throws -> Result
    ) throws -> Result {
        let watch = try Descriptor(inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK)), "inotify")
        guard inotify_add_watch(watch.number, folder, UInt32(IN_CREATE | IN_MOVED_TO)) >= 0 else {
            throw TestFailure("watch \(folder): errno \(errno)")
        }
        let result = try action()
        let deadline = Patience.deadline(after: limit)
        var events = [UInt8](repeating: 0, count: 4096)
        while !exists("\(folder)/\(name)") {
            guard awaitReadiness([(watch.number, Int16(POLLIN))], until: deadline)[0] != 0 else {
                throw TestFailure("no \(name) in \(folder) in \(limit)")
            }
            while Glibc.read(watch.number, &events, events.count) > 0 {}
        }
        return result
    }

    /// Waits for the end of a process that is not ours; returns at once where it is gone already.
    public static func awaitEnd(of process: pid_t, within limit: Duration = .seconds(20)) throws {
        guard let end = try? Descriptor.process(process) else { return }
        let found = awaitReadiness([(end.number, Int16(POLLIN))], until: Patience.deadline(after: limit))
        if found[0] == 0 { throw TestFailure("process \(process) did not end in \(limit)") }
    }

    /// The serving shims of a daemon whose socket is below `folder`.
    public static func shims(under folder: String) -> [pid_t] {
        names(in: "/proc").compactMap { pid_t($0) }.filter { id in
            let words = ((try? read("/proc/\(id)/cmdline")) ?? "").split(separator: "\0")
            return words.first?.split(separator: "/").last?.hasPrefix("containerd-shim") == true
                && !["start", "delete"].contains(words.last)
                && words.contains { $0.hasPrefix(folder + "/") }
        }
    }

    /// Processes in a cgroup of a hierarchy of v1, or of the only one.
    public static func members(ofCgroup path: String) -> [pid_t] {
        let root = exists("/sys/fs/cgroup/cgroup.controllers") ? "/sys/fs/cgroup" : "/sys/fs/cgroup/pids"
        return ((try? read("\(root)\(path)/cgroup.procs")) ?? "").split(separator: "\n").compactMap { pid_t($0) }
    }

    // MARK: Traces of a test

    struct Process: CustomStringConvertible {
        let id: pid_t
        let command: String
        var description: String { "process \(id) (\(command))" }
    }

    /// Processes that have to do with a folder (working there, or named so in their arguments) or with containers of a
    /// namespace. The tests' own process is none of them.
    static func processes(under folder: String, namespace: String) -> [Process] {
        names(in: "/proc").compactMap { name in
            guard let id = pid_t(name), id != getpid() else { return nil }
            // A zombie is its parent's matter, and holds nothing.
            if ((try? read("/proc/\(id)/stat")) ?? "").contains(") Z ") { return nil }
            let command = ((try? read("/proc/\(id)/cmdline")) ?? "").split(separator: "\0").joined(separator: " ")
            let places = ["cwd", "exe", "root"].map { link("/proc/\(id)/\($0)") }
            let groups = (try? read("/proc/\(id)/cgroup")) ?? ""
            let belongs =
                command.contains(folder) || places.contains { $0 == folder || $0.hasPrefix(folder + "/") }
                || groups.contains("/\(namespace)/")
            return belongs ? Process(id: id, command: command) : nil
        }
    }

    /// Mount points below a folder, the deepest first.
    public static func mounts(under folder: String) -> [String] {
        let table = (try? read("/proc/self/mountinfo")) ?? ""
        return table.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 4, fields[4].hasPrefix(folder + "/") else { return nil }
            return fields[4].replacingOccurrences(of: "\\040", with: " ")
        }.sorted().reversed()
    }

    /// Cgroups of containers of a namespace, in every hierarchy; the namespace's own (empty) ones are not meant.
    public static func cgroups(of namespace: String) -> [String] {
        cgroupRoots.flatMap { root in names(in: "\(root)/\(namespace)").map { "\(root)/\(namespace)/\($0)" } }
            .filter { path in
                var status = stat()
                return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
            }
    }

    static func removeCgroups(of namespace: String) {
        for path in cgroups(of: namespace) {
            for inner in names(in: path) { rmdir("\(path)/\(inner)") }
            rmdir(path)
        }
        for root in cgroupRoots { rmdir("\(root)/\(namespace)") }
    }

    /// Whether the host has nothing but cgroup v2.
    public static var hasUnifiedCgroups: Bool { exists("/sys/fs/cgroup/cgroup.controllers") }

    /// Where the hierarchies of cgroups are mounted.
    public static var cgroupRoots: [String] {
        let root = "/sys/fs/cgroup"
        return hasUnifiedCgroups ? [root] : names(in: root).map { "\(root)/\($0)" }
    }

    /// The directory of a cgroup; the controller matters on v1 alone.
    public static func cgroup(of path: String, controller: String) -> String {
        "/sys/fs/cgroup/" + (hasUnifiedCgroups ? path : "\(controller)/\(path)")
    }

    private static func link(_ path: String) -> String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) ?? ""
    }
}
