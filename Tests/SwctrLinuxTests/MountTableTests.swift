import Testing

@testable import SwctrLinux

@Suite("Mount table and cgroups")
struct MountTableTests {
    private let table = """
        22 1 0:20 / / rw - ext4 /dev/vda rw
        30 22 0:26 / /run rw,nosuid shared:1 - tmpfs tmpfs rw
        31 30 0:27 / /run/s/a/rootfs rw - overlay overlay rw,lowerdir=/x
        32 31 0:28 / /run/s/a/rootfs/with\\040space rw - tmpfs tmpfs rw
        33 30 0:29 / /run/s/ab/rootfs rw - overlay overlay rw
        40 22 0:30 / /sys/fs/cgroup/memory rw master:5 - cgroup cgroup rw,memory
        41 22 0:31 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
        """

    @Test("finds what is mounted below a path, and not beside it")
    func below() {
        #expect(
            MountTable.mountPoints(below: "/run/s/a", in: table)
                == ["/run/s/a/rootfs", "/run/s/a/rootfs/with space"])
        #expect(MountTable.mountPoints(below: "/run/s/ab/rootfs", in: table) == ["/run/s/ab/rootfs"])
        #expect(MountTable.mountPoints(below: "/run/s/b", in: table).isEmpty)
    }

    @Test("a group lies in every hierarchy, of either version")
    func hierarchies() {
        #expect(
            Cgroup(path: "/default/web", mountTable: table).directories
                == ["/sys/fs/cgroup/memory/default/web", "/sys/fs/cgroup/unified/default/web"])
    }

    @Test(
        "what is no path of a group names none",
        arguments: ["", "/", "machine.slice:swctr:web", "relative", "/a/../../etc"])
    func noGroup(path: String) {
        #expect(Cgroup(path: path, mountTable: table).directories.isEmpty)
    }
}
