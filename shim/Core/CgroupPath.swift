/// Where a container's cgroups are, from a line each of `/proc/<pid>/cgroup`.
struct CgroupPath: Equatable {
    private var table: Text

    init(_ table: Text = "") {
        self.table = table
    }

    /// The path of the unified hierarchy; nil if there is none or the process is in its root.
    var unified: Text? { find { $0.isEmpty } }

    /// The path in a v1 controller's hierarchy; nil if there is none or the process is in its root.
    func path(controller: Text) -> Text? {
        find { $0.split(0x2c).contains(controller) }
    }

    private func find(_ matches: (Text) -> Bool) -> Text? {
        for line in table.split(0x0a) {
            // hierarchy:controllers:path, where the path may hold colons
            guard let first = line.firstIndex(of: ":"), let second = line.firstIndex(of: ":", from: first + 1) else {
                continue
            }
            let path = line.dropFirst(second + 1)
            if matches(Text(line.bytes[(first + 1)..<second])), path != "/", path.hasPrefix("/") { return path }
        }
        return nil
    }
}
