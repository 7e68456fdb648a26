import Foundation
import SwctrTestSupport
import Testing

extension Integration {
    /// What the flags of `run` do to the process and to the host, with the runtimes that take all of them.
    @Suite("Flags of run", .enabled(if: Setting.one.daemon == .swctrd, "tests swctr's own flags"))
    struct RunFlagTests {
        private static let runtimes = [Setting.runc, Setting.crun]

        /// The bounding set that containers have without flags: containerd's fourteen.
        private static let defaultCapabilities: UInt64 = 0xa804_25fb

        private func status(_ site: Site, flags: [String]) throws -> [String: String] {
            let outcome = try site.run("s", flags: flags, "cat", "/proc/self/status")
            #expect(outcome.status == 0, "\(outcome.errorText)")
            var values: [String: String] = [:]
            for line in outcome.lines {
                let words = line.split(separator: ":", maxSplits: 1)
                if words.count == 2 { values[String(words[0])] = words[1].trimmingCharacters(in: .whitespaces) }
            }
            return values
        }

        @Test("capabilities, new privileges and system call filters are the process's own", arguments: runtimes)
        func security(_ setting: Setting) throws {
            try setting.with { site in
                let plain = try status(site, flags: [])
                #expect(plain["CapBnd"].flatMap { UInt64($0, radix: 16) } == Self.defaultCapabilities)
                #expect((plain["NoNewPrivs"], plain["Seccomp"]) == ("1", "0"))
                let changed = try status(
                    site,
                    flags: [
                        "--cap-add", "CAP_SYS_TIME", "--cap-drop", "CAP_MKNOD", "--allow-new-privs", "--seccomp",
                    ])
                let sysTime: UInt64 = 1 << 25
                let mknod: UInt64 = 1 << 27
                let expected = (Self.defaultCapabilities | sysTime) & ~mknod
                #expect(changed["CapEff"].flatMap { UInt64($0, radix: 16) } == expected)
                #expect((changed["NoNewPrivs"], changed["Seccomp"]) == ("0", "2"))
            }
        }

        @Test("under the default filter ordinary programs work and the kernel's doors are shut", arguments: runtimes)
        func standardFilter(_ setting: Setting) throws {
            try setting.with { site in
                let script = "ls / >/dev/null && sh -c 'echo nested' | cat; unshare -U true 2>&1 || echo refused"
                let outcome = try site.run("f", flags: ["--seccomp"], "sh", "-c", script)
                #expect(outcome.status == 0, "\(outcome.errorText)")
                #expect(outcome.lines.first == "nested")
                #expect(outcome.lines.last == "refused")
                let admin = try site.run(
                    "g", flags: ["--seccomp", "--cap-add", "CAP_SYS_ADMIN"], "sh", "-c",
                    "mount -t tmpfs none /tmp && echo mounted")
                #expect(admin.lines == ["mounted"], "\(admin.errorText)")
            }
        }

        @Test("a profile of the user's is the filter, and one that does not compile creates nothing")
        func profile() throws {
            try Setting.runc.with { site in
                let good = site.workspace.file("good.json")
                try Data(
                    #"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat","frobnicate"],"action":"SCMP_ACT_ERRNO","errnoRet":13}]}"#
                        .utf8
                ).write(to: URL(fileURLWithPath: good))
                let flags = ["--seccomp", "--seccomp-profile", good]
                let outcome = try site.run("p", flags: flags, "sh", "-c", "touch /tmp/x && echo made; mkdir /tmp/d")
                #expect(outcome.lines == ["made"])
                #expect(outcome.errorText.contains("Permission denied"))
                let bad = site.workspace.file("bad.json")
                for text in [
                    "no json", #"{"defaultAction":"SCMP_ACT_FROB"}"#,
                    #"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir"],"action":"SCMP_ACT_ERRNO","args":[{"index":0,"value":0,"op":"SCMP_CMP_NO"}]}]}"#,
                ] {
                    try Data(text.utf8).write(to: URL(fileURLWithPath: bad))
                    try refused(site, ["--seccomp", "--seccomp-profile", bad], "seccomp profile", status: 2)
                }
            }
        }

        @Test("limits of processors, memory and files are the cgroup's and the process's", arguments: runtimes)
        func limits(_ setting: Setting) throws {
            try setting.with { site in
                try site.detach(
                    "l",
                    flags: [
                        "--cpus", "0.5", "--cpu-shares", "512", "--cpuset-cpus", "0", "--memory-limit", "64m",
                        "--rlimit-nofile", "100:200",
                    ], "sleep", "100")
                let process = try site.client.task("l").processID
                let limits = try Host.read("/proc/\(process)/limits")
                let files = limits.split(separator: "\n").first { $0.hasPrefix("Max open files") }
                #expect(files?.split(separator: " ").filter { Int($0) != nil } == ["100", "200"])
                #expect(try Host.read("/proc/\(process)/status").contains("Cpus_allowed_list:\t0\n"))
                #expect(try cgroup(process, "cpu", "cpu.cfs_quota_us", "cpu.max").hasPrefix("50000"))
                #expect(try cgroup(process, "memory", "memory.limit_in_bytes", "memory.max") == "67108864")
                let shares = try cgroup(process, "cpu", "cpu.shares", "cpu.weight")
                #expect(shares == "512" || (1..<100).contains(Int(shares) ?? 0))
            }
        }

        /// A file of a process's cgroup, of whichever version the controller is in.
        private func cgroup(_ process: pid_t, _ controller: String, _ first: String, _ second: String) throws -> String
        {
            for line in try Host.read("/proc/\(process)/cgroup").split(separator: "\n") {
                let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
                let names = fields[1].split(separator: ",")
                if names.contains(Substring(controller)) {
                    return try Host.read("/sys/fs/cgroup/\(controller)\(fields[2])/\(first)")
                        .trimmingCharacters(in: .newlines)
                }
            }
            let path = try Host.read("/proc/\(process)/cgroup").split(separator: "\n").last?.dropFirst(3) ?? ""
            return try Host.read("/sys/fs/cgroup\(path)/\(second)").trimmingCharacters(in: .newlines)
        }

        @Test("with maps root inside is somebody else outside, and owns its files", arguments: runtimes)
        func userNamespace(_ setting: Setting) throws {
            try setting.with { site in
                let maps = [
                    "--uidmap", "0:100000:1000", "--uidmap", "1000:300000:64536", "--gidmap", "0:200000:65536",
                ]
                try site.detach("u", flags: maps, "sleep", "100")
                let process = try site.client.task("u").processID
                let status = try Host.read("/proc/\(process)/status")
                #expect(status.contains("Uid:\t100000\t"))
                #expect(status.contains("Gid:\t200000\t"))
                let script = "stat -c %u:%g /bin /bin/busybox; touch /new && stat -c %u /new; wc -l </proc/self/uid_map"
                #expect(try site.exec("u", "sh", "-c", script).lines == ["0:0", "0:0", "0", "2"])
                // The image's own snapshot is as it was.
                #expect(try site.run("v", "stat", "-c", "%u", "/bin/busybox").lines == ["0"])
            }
        }

        @Test("an owner that the maps do not hold is said, and nothing is created")
        func tooSmallMaps() throws {
            try Setting.runc.with { site in
                // The image has root's files only: a map without root does not hold them.
                try refused(site, ["--uidmap", "5:100000:10", "--gidmap", "0:1:10"], "belongs to 0:0", status: 2)
            }
        }

        @Test("namespaces of another process are joined", arguments: runtimes)
        func join(_ setting: Setting) throws {
            try setting.with { site in
                try site.detach("first", "sleep", "100")
                let process = try site.client.task("first").processID
                try site.detach(
                    "second",
                    flags: [
                        "--with-ns", "network:/proc/\(process)/ns/net", "--with-ns", "pid:/proc/\(process)/ns/pid",
                    ], "sleep", "100")
                let other = try site.client.task("second").processID
                for name in ["net", "pid"] {
                    let ends = [process, other].map {
                        try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\($0)/ns/\(name)")
                    }
                    #expect(ends[0] != nil && ends[0] == ends[1])
                }
            }
        }

        @Test("devices of the host, one or a folder, are nodes that can be opened", arguments: runtimes)
        func devices(_ setting: Setting) throws {
            try setting.with { site in
                #expect(try site.run("n", "ls", "/dev/loop-control").status != 0)
                let outcome = try site.run(
                    "d", flags: ["--device", "/dev/loop-control", "--device", "/dev/net"], "sh", "-c",
                    "dd if=/dev/loop-control bs=1 count=0 2>/dev/null && echo opened; ls /dev/net")
                #expect(outcome.lines == ["opened", "tun"], "\(outcome.errorText)")
            }
        }

        @Test("a CDI device brings its environment, mounts and nodes")
        func cdi() throws {
            try Setting.runc.with { site in
                let folder = "/var/run/cdi"
                let file = "\(folder)/swctr-test-\(site.workspace.namespace).yaml"
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
                site.workspace.atEnd {
                    try FileManager.default.removeItem(atPath: file)
                    _ = rmdir(folder)
                }
                let host = site.workspace.file("host.txt")
                try Data("from the device\n".utf8).write(to: URL(fileURLWithPath: host))
                let text = """
                    cdiVersion: 0.5.0
                    kind: swctr.test/thing
                    containerEdits:
                      env: [COMMON=yes]
                    devices:
                    - name: "0"
                      containerEdits:
                        env:
                        - THING=zero
                        deviceNodes:
                        - path: /dev/thing
                          hostPath: /dev/null
                        mounts:
                        - hostPath: \(host)
                          containerPath: /thing.txt
                          options: [ro, bind]
                    """
                try Data(text.utf8).write(to: URL(fileURLWithPath: file))
                let outcome = try site.run(
                    "c", flags: ["--device", "swctr.test/thing=0"], "sh", "-c",
                    "echo $COMMON $THING; cat /thing.txt; stat -c %t:%T /dev/thing")
                #expect(outcome.lines == ["yes zero", "from the device", "1:3"], "\(outcome.errorText)")
                try refused(site, ["--device", "swctr.test/thing=1"], "swctr.test/thing=1")
            }
        }

        @Test("privileged without host devices has none of them, with them it has")
        func privileged() throws {
            try Setting.runc.with { site in
                let flags = ["--privileged", "--privileged-without-host-devices"]
                let without = try site.run("a", flags: flags, "ls", "/dev/loop-control")
                #expect(without.status != 0)
                let with = try site.run("b", flags: ["--privileged"], "ls", "/dev/loop-control")
                #expect(with.status == 0)
            }
        }

        @Test("a document is run as it is; labels become annotations too", arguments: runtimes)
        func config(_ setting: Setting) throws {
            try setting.with { site in
                let root = site.workspace.file("rootfs")
                try FileManager.default.createDirectory(atPath: "\(root)/bin", withIntermediateDirectories: true)
                try FileManager.default.copyItem(atPath: try Host.locate("busybox"), toPath: "\(root)/bin/busybox")
                for folder in ["proc", "sys", "dev", "run"] {
                    try FileManager.default.createDirectory(
                        atPath: "\(root)/\(folder)", withIntermediateDirectories: true)
                }
                let printed = try site.client.must("oci", "spec").output
                var spec = try #require(try JSONSerialization.jsonObject(with: Data(printed)) as? [String: Any])
                spec["root"] = ["path": root]
                var process = try #require(spec["process"] as? [String: Any])
                process["args"] = ["/bin/busybox", "sh", "-c", "echo $X; pwd; exit 9"]
                process["env"] = ["X=one"]
                process["cwd"] = "/run"
                spec["process"] = process
                let file = site.workspace.file("config.json")
                try JSONSerialization.data(withJSONObject: spec).write(to: URL(fileURLWithPath: file))
                let run = ["run"] + setting.flags + ["--config", file, "--label", "a=b", "c"]
                let outcome = try site.client.run(run)
                #expect(outcome.status == 9, "\(outcome.errorText)")
                #expect(outcome.lines == ["one", "/run"])
                let stored = try site.client.must("containers", "info", "--spec", "c").text
                #expect(stored.contains("\"a\": \"b\""))
                try site.client.must("containers", "delete", "c")
                let refused = try site.client.run(["run", "--config", file, "--env", "A=b", "c"])
                #expect(refused.status == 2)
                #expect(refused.errorText.contains("--env"))
                #expect(try site.client.must("containers", "ls", "-q").output == [])
            }
        }

        @Test("--explain and --dump-config tell what is run; --explain creates nothing")
        func explain() throws {
            try Setting.runc.with { site in
                let explained = try site.client.must(
                    site.runArguments(["--explain", "--cpus", "2", "--env", "A=b"], "e", ["echo", "x"]))
                let lines = explained.lines
                #expect(lines.contains { $0.hasPrefix("process.args") && $0.hasSuffix("command line") })
                #expect(lines.contains { $0.hasPrefix("linux.resources.cpu.quota") && $0.contains("200000") })
                #expect(lines.contains { $0.hasPrefix("process.env") && $0.contains("--env") })
                #expect(try site.client.must("containers", "ls", "-q").output == [])
                #expect(!(try site.client.must("snapshots", "ls").text.contains("resolve-")))
                let file = site.workspace.file("dumped.json")
                let outcome = try site.run("d", flags: ["--dump-config", file, "--cwd", "/etc"], "pwd")
                #expect(outcome.lines == ["/etc"])
                let spec = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: file)))
                let process = (spec as? [String: Any])?["process"] as? [String: Any]
                #expect(process?["cwd"] as? String == "/etc")
            }
        }

        @Test(
            "the spec that containers start from is ctr's, but for what docs/compatibility.md names",
            .enabled(if: Host.has("ctr")))
        func defaultSpec() throws {
            func document(_ bytes: some Sequence<UInt8>) throws -> [String: Any] {
                try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
            }
            try Setting.runc.with { site in
                var ours = try document(site.client.must("oci", "spec").output)
                var theirs = try document(must(["ctr", "--namespace", site.client.namespace, "oci", "spec"]).output)
                // Without "-dev": crun refuses what is newer. And one path more is masked, as in later containerd.
                #expect(ours.removeValue(forKey: "ociVersion") as? String == "1.0.2")
                theirs["ociVersion"] = nil
                var linux = try #require(ours["linux"] as? [String: Any])
                var theirLinux = try #require(theirs["linux"] as? [String: Any])
                let masked = Set(try #require(linux.removeValue(forKey: "maskedPaths") as? [String]))
                let theirMasked = Set(try #require(theirLinux.removeValue(forKey: "maskedPaths") as? [String]))
                #expect(masked == theirMasked.union(["/sys/devices/virtual/powercap"]))
                // `ctr oci spec` leaves the device list to `ctr run`.
                linux["resources"] = nil
                theirLinux["resources"] = nil
                ours["linux"] = linux
                theirs["linux"] = theirLinux
                var process = try #require(ours["process"] as? [String: Any])
                process["args"] = nil
                process["env"] = nil
                ours["process"] = process
                var theirProcess = try #require(theirs["process"] as? [String: Any])
                theirProcess["args"] = nil
                theirProcess["env"] = nil
                theirs["process"] = theirProcess
                let isSame = NSDictionary(dictionary: ours).isEqual(to: theirs)
                #expect(isSame, "\(ours)\n\(theirs)")
            }
        }

        @Test("a runtime's shim says what it is, and one that cannot is named")
        func inspectRuntime() throws {
            try Setting.runc.with { site in
                let info = try site.client.must("plugins", "inspect-runtime").text
                #expect(info.contains("\"Name\": \"io.containerd.swctr.v2\""))
                let missing = try site.client.run("plugins", "inspect-runtime", "--runtime", "io.containerd.none.v1")
                #expect(missing.status == 1 && missing.errorText.contains("containerd-shim-none-v1"))
                let refused = try site.client.run(
                    "plugins", "inspect-runtime", "--runtime", "io.containerd.none.v1", "--runc-binary", "crun")
                #expect(refused.status == 2 && refused.errorText.contains("--runc-binary"))
            }
        }

        @Test("what a filter does to a system call is told, with the reason")
        func explainSeccomp() throws {
            try Setting.runc.with { site in
                let mount = try site.client.must("oci", "seccomp", "--explain", "mount").text
                #expect(mount.contains("fails with EPERM") && mount.contains("only with CAP_SYS_ADMIN"))
                let allowed = try site.client.must(
                    "oci", "seccomp", "--explain", "mount", "--cap-add", "CAP_SYS_ADMIN"
                ).text
                #expect(allowed.contains("allowed: a rule names it"))
                let arm = try site.client.must("oci", "seccomp", "--platform", "linux/arm64").text
                #expect(arm.contains("SCMP_ARCH_AARCH64"))
                let unknown = try site.client.run("oci", "seccomp", "--explain", "frobnicate")
                #expect(unknown.status == 1 && unknown.errorText.contains("frobnicate"))
            }
        }

        @Test(
            "what cannot be given is refused in one line, and nothing is created",
            arguments: [
                (["--cap-add", "SYS_ADMIN"], "CAP_", 2), (["--cap-drop", "CAP_FROB"], "CAP_FROB", 2),
                (["--with-ns", "network:/nonexistent"], "/nonexistent", 1),
                (["--device", "/nonexistent"], "/nonexistent", 1),
                (["--device", "/etc/passwd"], "/etc/passwd", 2), (["--device", "v.com/c=d"], "v.com/c=d", 1),
                (["--gpus", "0"], "gpu 0", 1), (["--rootfs-propagation", "often"], "often", 2),
                (["--uidmap", "0:1:1"], "--gidmap", 2),
                (["--uidmap", "0:1:5", "--uidmap", "3:9:5", "--gidmap", "0:1:1"], "overlaps", 2),
                (["--cpuset-cpus", "some"], "some", 2), (["--rdt-class", "gold"], "resctrl", 1),
                (["--apparmor-profile", "mine"], "AppArmor", 1), (["--apparmor-default-profile", "d"], "AppArmor", 1),
                (["--rlimit-nofile", "5:4"], "hard limit", 2),
                (["--net-host", "--with-ns", "network:/proc/1/ns/net"], "network", 2),
                (["--hostname", "h", "--with-ns", "uts:/proc/1/ns/uts"], "uts", 2),
                (["--env", "=x"], "NAME", 2), (["--user", "4294967296"], "out of range", 2),
                (["--user", "nobody-here"], "nobody-here", 1), (["--cwd", "relative"], "absolute", 2),
                (["--mount", "type=bind,src=/nonexistent,dst=/x"], "/nonexistent", 1),
            ])
        func wrong(_ flags: [String], _ word: String, _ status: Int32) throws {
            try Setting.runc.with { site in try refused(site, flags, word, status: status) }
        }

        /// One line that has the word in it, and no container, task or snapshot afterwards.
        private func refused(_ site: Site, _ flags: [String], _ word: String, status: Int32 = 1) throws {
            let outcome = try site.run("refused", flags: flags, "true")
            #expect(outcome.status == status, "\(flags): \(outcome.errorText)")
            #expect(outcome.output == [])
            #expect(outcome.errorText.split(separator: "\n").count == 1, "\(outcome.errorText)")
            #expect(outcome.errorText.contains(word), "\(outcome.errorText)")
            #expect(try site.client.must("containers", "ls", "-q").output == [])
            #expect(try site.client.must("tasks", "ls", "-q").output == [])
            #expect(!(try site.client.must("snapshots", "ls").text.contains("refused")))
        }

        @Test("an argument that is no text is refused by its number")
        func invalidText() throws {
            try Setting.runc.with { site in
                let words = site.client.command(["run", "--env"]).map { "'\($0)'" }.joined(separator: " ")
                let outcome = try Child(
                    ["sh", "-c", words + #" "$(printf 'A=\377')" i c true"#], environment: site.client.environment,
                    input: .null
                ).wait(within: .seconds(10))
                #expect(outcome.status == 2)
                #expect(outcome.errorText.contains("argument 7 is not text"))
            }
        }
    }
}
