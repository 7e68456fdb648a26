import Testing

@testable import SwctrLinux

@Suite("Moves between control groups")
struct CgroupMigrationTests {
    private static let table = """
        32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct
        40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd
        41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate
        42 31 0:39 / /proc rw,relatime - proc proc rw
        """

    @Test(
        "the group of a process is found in a hierarchy that is mounted",
        arguments: [
            ("4:memory:/a\n3:cpu,cpuacct:/b\n", "/sys/fs/cgroup/cpu/b"),
            (
                "1:name=systemd:/system.slice/swctrd.service\n0::/x\n",
                "/sys/fs/cgroup/systemd/system.slice/swctrd.service"
            ),
            ("0::/\n", "/sys/fs/cgroup/unified"),
            ("0::/with:colon\n", "/sys/fs/cgroup/unified/with:colon"),
            ("4:memory:/a\n", nil), ("", nil), ("garbage", nil),
        ] as [(String, String?)])
    func directory(groups: String, expected: String?) {
        #expect(CgroupMigration.directory(of: groups, in: Cgroup.hierarchies(in: Self.table)) == expected)
    }

    @Test("a hierarchy is called by its controllers alone")
    func controllers() {
        #expect(Cgroup.hierarchies(in: Self.table).map(\.controllers) == ["cpu,cpuacct", "name=systemd", ""])
    }
}
