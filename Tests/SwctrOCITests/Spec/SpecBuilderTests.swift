import SwctrCore
import SwctrOCI
import Testing

@Suite("Building a specification")
struct SpecBuilderTests {
    private let image = SpecRequest.ImageDefaults(
        entrypoint: ["/entry"], command: ["arg"], env: ["PATH=/img", "A=1"], workingDirectory: "/work", user: "7:8")

    private func build(
        image: SpecRequest.ImageDefaults? = nil, users: UserDatabase = UserDatabase(),
        host: SpecRequest.Host = SpecRequest.Host(), _ change: (inout SpecRequest) -> Void = { _ in }
    ) throws(EngineError) -> Spec {
        var request = SpecRequest(id: "web", namespace: "default")
        request.args = ["true"]
        change(&request)
        return try SpecBuilder.build(request, image: image, users: users, host: host)
    }

    @Test("the image gives command, environment, directory and user")
    func imageDefaults() throws {
        let spec = try build(image: image) { $0.args = [] }
        #expect(spec.process.args == ["/entry", "arg"])
        #expect(spec.process.env == ["PATH=/img", "A=1"])
        #expect(spec.process.cwd == "/work")
        #expect(spec.process.user == Process.User(uid: 7, gid: 8, additionalGids: [8]))
    }

    @Test("what the user says replaces what the image says")
    func userWins() throws {
        let spec = try build(image: image) {
            $0.args = ["mine"]
            $0.env = ["A=2", "PATH", "B="]
            $0.cwd = "/else"
            $0.user = "0"
        }
        #expect(spec.process.args == ["mine"])
        #expect(spec.process.env == ["A=2", "B="])
        #expect(spec.process.cwd == "/else")
        #expect(spec.process.user.uid == 0)
    }

    @Test("without an image the default path is set")
    func defaultPath() throws {
        #expect(try build().process.env == [Spec.defaultPath])
    }

    @Test("no command anywhere is refused")
    func noCommand() {
        let error = #expect(throws: EngineError.self) { try build { $0.args = [] } }
        #expect(error?.code == .invalidArgument)
    }

    @Test("a mount replaces the default one at its destination and keeps the others")
    func mountReplaces() throws {
        let spec = try build {
            $0.mounts = [SpecMount(destination: "/run", type: "bind", source: "/srv", options: ["rbind"])]
        }
        #expect(spec.mounts.filter { $0.destination == "/run" }.map(\.source) == ["/srv"])
        #expect(spec.mounts.count == Spec.linuxDefault(cgroupsPath: nil).mounts.count)
    }

    @Test("a relative path is refused", arguments: ["mount", "cwd"])
    func relativePaths(kind: String) {
        let error = #expect(throws: EngineError.self) {
            try build {
                if kind == "cwd" { $0.cwd = "work" } else { $0.mounts = [SpecMount(destination: "data")] }
            }
        }
        #expect(error?.code == .invalidArgument)
    }

    @Test(
        "the cgroup path follows the name unless it is said or unset",
        arguments: [
            (SpecRequest.Cgroup.byName, "/default/web" as String?), (.unset, nil),
            (.path("a.slice:b:c"), "a.slice:b:c"),
        ])
    func cgroup(wanted: SpecRequest.Cgroup, path: String?) throws {
        #expect(try build { $0.cgroup = wanted }.linux.cgroupsPath == path)
    }

    @Test("a memory limit reaches the resources, one beyond the kernel's range is refused")
    func memory() throws {
        #expect(try build { $0.resources.memory = 1 << 20 }.linux.resources?.memory?.limit == 1 << 20)
        #expect(throws: EngineError.self) { try build { $0.resources.memory = .max } }
    }

    @Test("the host's network means no network namespace, the host's files and its name")
    func hostNetwork() throws {
        let host = SpecRequest.Host(hostname: "node", networkFiles: ["/etc/hosts"])
        let spec = try build(host: host) { $0.hostNetwork = true }
        #expect(!spec.linux.namespaces.contains { $0.type == .network })
        #expect(spec.mounts.contains { $0.destination == "/etc/hosts" && $0.options == ["rbind", "ro"] })
        #expect(!spec.mounts.contains { $0.destination == "/etc/resolv.conf" })
        #expect(spec.process.env.contains("HOSTNAME=node"))
        #expect(spec.hostname == nil)
    }

    @Test("a container is called by its id unless it is given a name")
    func hostname() throws {
        #expect(try build().hostname == "web")
        #expect(try build { $0.hostname = "db" }.hostname == "db")
        #expect(try build { $0.id = String(repeating: "x", count: 76) }.hostname?.count == 63)
    }

    @Test("privileged lifts what hides and forbids")
    func privileged() throws {
        let device = Linux.Device(path: "/dev/fuse", type: "c", major: 10, minor: 229)
        let host = SpecRequest.Host(capabilities: ["CAP_SYS_ADMIN"], devices: [device])
        let spec = try build(host: host) { $0.privileged = true }
        #expect(spec.process.capabilities?.bounding == ["CAP_SYS_ADMIN"])
        #expect(spec.linux.maskedPaths == nil && spec.linux.readonlyPaths == nil)
        #expect(spec.linux.devices == [device])
        #expect(spec.linux.resources?.devices == [Linux.DeviceRule(allow: true, access: "rwm")])
        #expect(spec.mounts.first { $0.type == "sysfs" }?.options?.contains("rw") == true)
    }

    @Test("a terminal sets TERM, which the user may still change")
    func terminal() throws {
        #expect(try build { $0.terminal = true }.process.env.contains("TERM=xterm"))
        let spec = try build {
            $0.terminal = true
            $0.env = ["TERM=vt100"]
        }
        #expect(spec.process.env.filter { $0.hasPrefix("TERM=") } == ["TERM=vt100"])
        #expect(spec.process.terminal == true)
    }
}
