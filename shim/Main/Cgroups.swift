import CShim

/// The host's cgroup hierarchies, and a container's directories in them.
enum Cgroups {
    private static var mountPoint: Text { "/sys/fs/cgroup" }

    /// True where there is nothing but cgroup v2. On a host with both, v1 has the controllers.
    static var isUnified: Bool { Files.exists(mountPoint + "/cgroup.controllers") }

    /// The directory of a path of the unified hierarchy.
    static func directory(_ path: Text) -> Text { mountPoint + path }

    /// The directory of a path in a v1 controller's hierarchy.
    static func directory(controller: Text, _ path: Text) -> Text {
        mountPoint.appending(component: controller) + path
    }

    /// The container's directory, of this controller on v1; nil if it has none.
    static func directory(of paths: CgroupPath, controller: Text) -> Text? {
        let directory =
            isUnified
            ? paths.unified.map { self.directory($0) }
            : paths.path(controller: controller).map { self.directory(controller: controller, $0) }
        return directory.flatMap { Files.exists($0) ? $0 : nil }
    }

    /// Has every controller of the host count for this path of the unified hierarchy: runtimes differ in which they ask
    /// for. A controller that the host's manager of cgroups keeps to itself is not there.
    static func enableControllers(_ path: Text) {
        let all = controllers(mountPoint + "/cgroup.controllers")
        var position = 0
        while let slash = path.firstIndex(of: "/", from: position) {
            position = slash + 1
            let file = mountPoint + path.prefix(slash) + "/cgroup.subtree_control"
            let enabled = controllers(file)
            let fd = OwnedFD(adopting: file.withCString { shim_open($0, O_WRONLY, 0) })
            // One by one: one that cannot be had must not keep the others away.
            for name in all where fd.isOpen && !enabled.contains(name) {
                _ = Files.writeAll(fd.raw, ("+" + name).bytes)
            }
        }
    }

    private static func controllers(_ file: Text) -> [Text] {
        (Files.read(file) ?? "").trimmed.split(0x20)
    }
}
