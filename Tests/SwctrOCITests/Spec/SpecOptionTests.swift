import Foundation
import SwctrCore
import SwctrOCI
import Testing

@Suite("Options of a specification")
struct SpecOptionTests {
    private func build(
        host: SpecRequest.Host = SpecRequest.Host(), _ change: (inout SpecRequest) -> Void
    ) throws(EngineError) -> Spec {
        var request = SpecRequest(id: "web", namespace: "default")
        request.args = ["true"]
        change(&request)
        return try SpecBuilder.build(request, image: nil, users: UserDatabase(), host: host)
    }

    @Test("capabilities are added to and dropped from bounding, effective and permitted alike")
    func capabilities() throws {
        let set = try build {
            $0.addedCapabilities = ["CAP_SYS_TIME", "CAP_CHOWN"]
            $0.droppedCapabilities = ["CAP_MKNOD", "CAP_SYS_BOOT"]
        }.process.capabilities
        let expected = Spec.defaultCapabilities.filter { $0 != "CAP_MKNOD" } + ["CAP_SYS_TIME"]
        #expect(set?.bounding == expected)
        #expect(set?.effective == expected)
        #expect(set?.permitted == expected)
        #expect(set?.inheritable == nil)
    }

    @Test("dropping takes a capability out of privileged's inheritable set too")
    func dropInheritable() throws {
        let host = SpecRequest.Host(capabilities: ["CAP_SYS_ADMIN", "CAP_CHOWN"])
        let set = try build(host: host) {
            $0.privileged = true
            $0.droppedCapabilities = ["CAP_CHOWN"]
        }.process.capabilities
        #expect(set?.inheritable == ["CAP_SYS_ADMIN"])
    }

    @Test("a name that is no capability is refused", arguments: ["SYS_ADMIN", "CAP_FROB", "", "cap_chown"])
    func unknownCapability(name: String) {
        let error = #expect(throws: EngineError.self) { try build { $0.addedCapabilities = [name] } }
        #expect(error?.code == .invalidArgument)
        #expect(throws: EngineError.self) { try build { $0.droppedCapabilities = [name] } }
    }

    @Test("processor limits are written as they are asked for, and not at all otherwise")
    func processors() throws {
        #expect(try build { _ in }.linux.resources?.cpu == nil)
        let cpu = try build {
            $0.resources.cpuQuota = 50_000
            $0.resources.cpuPeriod = 100_000
            $0.resources.cpuBurst = 10_000
            $0.resources.cpuShares = 512
            $0.resources.cpus = "0-2,7"
            $0.resources.mems = "0"
        }.linux.resources?.cpu
        #expect(cpu?.quota == 50_000)
        #expect(cpu?.period == 100_000)
        #expect(cpu?.burst == 10_000)
        #expect(cpu?.shares == 512)
        #expect(cpu?.cpus == "0-2,7")
        #expect(cpu?.mems == "0")
    }

    @Test("what is no list of processors is refused", arguments: ["a", "0-", "2-1", "0,,1", "-1", "0;1"])
    func lists(text: String) {
        #expect(throws: EngineError.self) { try build { $0.resources.cpus = text } }
        #expect(throws: EngineError.self) { try build { $0.resources.mems = text } }
    }

    @Test("a class of resctrl becomes the closID")
    func rdt() throws {
        #expect(try build { $0.resources.rdtClass = "gold" }.linux.intelRdt?.closID == "gold")
    }

    @Test("a limit replaces the default one of its kind; a soft one above the hard one is refused")
    func limits() throws {
        let limit = Process.ResourceLimit(type: "RLIMIT_NOFILE", hard: 20, soft: 10)
        #expect(try build { $0.limits = [limit] }.process.rlimits == [limit])
        #expect(throws: EngineError.self) {
            try build { $0.limits = [Process.ResourceLimit(type: "RLIMIT_NOFILE", hard: 1, soft: 2)] }
        }
    }

    @Test("a namespace to join replaces the new one of its kind, one that is not there by default comes besides")
    func namespaces() throws {
        let all = try build {
            $0.namespaces = [
                LinuxNamespace(.network, path: "/run/netns/a:b"), LinuxNamespace(.cgroup, path: "/proc/1/ns/cgroup"),
            ]
        }.linux.namespaces
        #expect(all.filter { $0.type == .network }.map(\.path) == ["/run/netns/a:b"])
        #expect(all.filter { $0.type == .cgroup }.map(\.path) == ["/proc/1/ns/cgroup"])
        #expect(all.count == 6)
    }

    @Test("who joins a uts namespace does not rename it")
    func joinedName() throws {
        let spec = try build { $0.namespaces = [LinuxNamespace(.uts, path: "/proc/1/ns/uts")] }
        #expect(spec.hostname == nil)
    }

    @Test("maps make a user namespace of as many parts as are given")
    func userNamespace() throws {
        let uids = [
            IDMapping(containerID: 0, hostID: 100_000, size: 1000),
            IDMapping(containerID: 1000, hostID: 5000, size: 1),
        ]
        let gids = [IDMapping(containerID: 0, hostID: 200_000, size: 65536)]
        let linux = try build {
            $0.uidMappings = uids
            $0.gidMappings = gids
        }.linux
        #expect(linux.namespaces.contains { $0.type == .user && $0.path == nil })
        #expect(linux.uidMappings == uids)
        #expect(linux.gidMappings == gids)
        #expect(IDMapping.host(1000, in: uids) == 5000)
        #expect(IDMapping.host(999, in: uids) == 100_999)
        #expect(IDMapping.host(1001, in: uids) == nil)
    }

    @Test(
        "maps that the kernel would refuse are refused",
        arguments: [
            [], [IDMapping(containerID: 0, hostID: 1, size: 0)],
            [IDMapping(containerID: 0, hostID: 4_294_967_290, size: 10)],
            [IDMapping(containerID: 0, hostID: 10, size: 10), IDMapping(containerID: 5, hostID: 100, size: 10)],
            [IDMapping(containerID: 0, hostID: 10, size: 10), IDMapping(containerID: 50, hostID: 19, size: 10)],
        ])
    func wrongMaps(maps: [IDMapping]) {
        let fine = [IDMapping(containerID: 0, hostID: 1, size: 1)]
        #expect(throws: EngineError.self) {
            try build {
                $0.uidMappings = maps
                $0.gidMappings = fine
            }
        }
        #expect(throws: EngineError.self) {
            try build {
                $0.uidMappings = fine
                $0.gidMappings = maps
            }
        }
    }

    @Test("a device of the host gets a node and the right to be used")
    func devices() throws {
        let fuse = Linux.Device(path: "/dev/fuse", type: "c", major: 10, minor: 229)
        var host = SpecRequest.Host()
        host.requestedDevices = [fuse]
        let linux = try build(host: host) { _ in }.linux
        #expect(linux.devices == [fuse])
        #expect(
            linux.resources?.devices?.last
                == Linux.DeviceRule(allow: true, type: "c", major: 10, minor: 229, access: "rwm"))
        #expect(linux.resources?.devices?.first == Linux.DeviceRule(allow: false, access: "rwm"))
    }

    @Test("privileged without host devices allows all and makes no nodes")
    func withoutHostDevices() throws {
        let host = SpecRequest.Host(devices: [Linux.Device(path: "/dev/fuse", type: "c", major: 10, minor: 229)])
        let linux = try build(host: host) {
            $0.privileged = true
            $0.hostDevices = false
        }.linux
        #expect(linux.devices == nil)
        #expect(linux.resources?.devices == [Linux.DeviceRule(allow: true, access: "rwm")])
    }

    @Test("annotations stand above the labels that become annotations")
    func annotations() throws {
        let spec = try build {
            $0.labels = ["a": "label", "b": "label"]
            $0.annotations = ["b": "mine", "c": ""]
        }
        #expect(spec.annotations == ["a": "label", "b": "mine", "c": ""])
    }

    @Test("privileges, propagation, read-only root and AppArmor profile reach their places")
    func others() throws {
        #expect(try build { _ in }.process.noNewPrivileges == true)
        let spec = try build {
            $0.allowNewPrivileges = true
            $0.rootfsPropagation = .rshared
            $0.readOnly = true
            $0.apparmorProfile = "mine"
        }
        #expect(spec.process.noNewPrivileges == nil)
        #expect(spec.linux.rootfsPropagation == "rshared")
        #expect(spec.root.readonly == true)
        #expect(spec.process.apparmorProfile == "mine")
    }

    @Test("a document may leave out what is optional, and what it holds besides is kept")
    func foreignDocument() throws {
        let text = """
            {"ociVersion":"1.0.2","root":{"path":"/r"},"process":{"cwd":"/","args":["x"],"scheduler":{"policy":"SCHED_FIFO"}},
             "hooks":{"poststop":[{"path":"/bin/true"}]},"linux":{"namespaces":[],"sysctl":{"a.b":"1"},
             "resources":{"unified":{"memory.high":"1"},"pids":{"limit":5}}}}
            """
        let spec = try JSONDecoder().decode(Spec.self, from: Data(text.utf8))
        #expect(spec.process.env == [] && spec.mounts == [])
        let again = try JSONDecoder().decode(Spec.self, from: JSONEncoder().encode(spec))
        #expect(again == spec)
        #expect(again.process.scheduler?["policy"] == .string("SCHED_FIFO"))
        #expect(again.hooks?.poststop?.first?.path == "/bin/true")
        #expect(again.linux.sysctl == ["a.b": "1"])
        #expect(again.linux.resources?.unified == ["memory.high": "1"])
    }

    @Test("the text of an AppArmor profile carries its name, and no other text gets into it by way of the name")
    func apparmor() throws {
        #expect(try AppArmorProfile.text(named: "swctr-default").contains("profile swctr-default flags="))
        for name in ["", "a b", "a{", "a\n", String(repeating: "x", count: 129)] {
            #expect(throws: EngineError.self) { try AppArmorProfile.text(named: name) }
        }
    }
}
