import Foundation
import SwctrProto
import SwctrTestSupport
import SwctrWire
import SwiftProtobuf
import Testing

extension Integration {
    /// What keeps a fault in the shim from becoming more than that, looked at from outside: docs/shim.md, ADR 0009.
    @Suite("Shim: what it is built and runs with")
    struct ShimHardeningTests {
        @Test(
            "the program is static, at a random address, and nothing of it is both writable and executable",
            .enabled(if: !Build.isShimInstrumented, "a sanitized shim is another program"))
        func program() throws {
            let headers = try Child(["readelf", "-lhdW", Build.shim]).wait().lines.map { line in
                line.split(separator: " ").joined(separator: " ")
            }
            #expect(headers.contains { $0.hasPrefix("Type: DYN") })
            #expect(!headers.contains { $0.hasPrefix("INTERP") || $0.contains("(NEEDED)") })
            #expect(!headers.contains { $0.contains("TEXTREL") })
            #expect(headers.contains { $0.contains("FLAGS_1") && $0.contains("NOW") && $0.contains("PIE") })
            #expect(headers.contains { $0.hasPrefix("GNU_RELRO") })
            #expect(headers.contains { $0.hasPrefix("GNU_STACK") && $0.contains(" RW ") })
            let loads = headers.filter { $0.hasPrefix("LOAD") }
            #expect(loads.filter { $0.contains(" R E ") }.count == 1)
            #expect(!loads.contains { $0.contains("RWE") || $0.contains("WE ") })
        }

        #if arch(x86_64)
            @Test("functions with buffers check their stack", .enabled(if: !Build.isShimInstrumented))
            func stackProtector() throws {
                let code = try Child(["objdump", "-d", "--no-show-raw-insn", Build.shim]).wait()
                // The canary's place, read at entry and compared at the end.
                #expect(code.lines.filter { $0.contains("%fs:0x28") }.count > 100)
            }
        #endif

        @Test("what is relocated at the start cannot be written later", .enabled(if: !Build.isShimInstrumented))
        func relocated() throws {
            try ShimFixture.with(.runc) { shim in
                let maps = try Host.read("/proc/\(shim.shimPID())/maps").split(separator: "\n")
                let writable = maps.filter { $0.contains("/containerd-shim-") && $0.contains(" rw") }
                let kibibytes = writable.map { line in
                    let ends = line.prefix { $0 != " " }.split(separator: "-").compactMap { Int($0, radix: 16) }
                    return (ends[1] - ends[0]) >> 10
                }
                // Variables alone, in a page that holds them all; the tables of messages are seven times that.
                #expect(kibibytes.reduce(0, +) <= 4, "\(maps)")
                let program = try #require(maps.lastIndex { $0.contains("/containerd-shim-") })
                let next = maps[program + 1].prefix { $0 != "-" }
                #expect(!maps[program].contains("-\(next) "), "variables that do not fit: \(maps)")
            }
        }

        @Test("two shims lie at different addresses", .enabled(if: !Build.isShimInstrumented))
        func addresses() throws {
            try ShimFixture.with(.runc) { one in
                try ShimFixture.with(.runc) { other in
                    let maps = try [one, other].map { try Host.read("/proc/\($0.shimPID())/maps") }
                    #expect(maps[0].prefix(12) != maps[1].prefix(12))
                    for line in maps.flatMap({ $0.split(separator: "\n") }) {
                        #expect(!line.contains("wx"), "\(line)")
                    }
                }
            }
        }

        @Test("a container gets no_new_privs from its own configuration only", arguments: [ShimFlavor.runc, .crun])
        func newPrivileges(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                let container = try shim.create()
                try shim.startTask()
                let exec = try shim.exec("e", "sleep", "1000")
                for process in [try shim.shimPID(), container, exec] {
                    #expect(try Self.status(process, "NoNewPrivs") == "0")
                }
            }
        }

        @Test("a logging program cannot gain privileges")
        func logger() throws {
            try ShimFixture.with(.runc) { shim in
                let logger = shim.workspace.file("logger")
                let report = shim.workspace.file("report")
                let script = """
                    #!/bin/sh
                    grep NoNewPrivs /proc/self/status > \(report)
                    exec 5>&-
                    cat <&3
                    """
                try Host.write(script, to: logger, mode: 0o755)
                var request = shim.createRequest()
                request.stdout = "binary://\(logger)"
                request.stderr = request.stdout
                try shim.send("Create", request)
                #expect(try Host.read(report) == "NoNewPrivs:\t1\n")
            }
        }

        @Test("memory of a shim is not to be read or dumped, but with -debug", arguments: [false, true])
        func dumpable(_ isDebug: Bool) throws {
            // Without the capabilities for it, and with the same rights as the shim, only its own flag keeps a reader out.
            let confined = ["setpriv", "--bounding-set=-sys_ptrace,-perfmon,-sys_admin"]
            try ShimFixture.with(.runc, launcher: confined) { shim in
                var process = try shim.shimPID()
                if isDebug {
                    kill(process, SIGKILL)
                    try Host.awaitEnd(of: process)
                    let words = confined + shim.arguments("a") + ["-debug", "start"]
                    let started = try Child(words, environment: shim.environment, directory: shim.bundle("a")).wait()
                    #expect(started.text == shim.address)
                    process = try shim.shimPID(on: "debug")
                }
                let read = try Child(confined + ["cat", "/proc/\(process)/environ"]).wait()
                #expect((read.status == 0) == isDebug, "\(read.errorText)")
            }
        }

        @Test("a peer of another group is sent away without a word")
        func foreignPeer() throws {
            try ShimFixture.with(.runc) { shim in
                let program = """
                    import socket, sys
                    peer = socket.socket(socket.AF_UNIX)
                    peer.connect(sys.argv[1])
                    print(peer.recv(1))
                    """
                let peer = ["python3", "-c", program, shim.socket]
                let foreign = try Child(["setpriv", "--regid=1", "--clear-groups"] + peer).wait()
                #expect(foreign.text == "b''\n", "\(foreign.errorText)")
                #expect(try shim.shimPID() > 1)
            }
        }

        @Test("every descriptor of a busy shim closes on exec")
        func descriptors() throws {
            try ShimFixture.with(.runc, ["cat"]) { shim in
                try shim.create("a", .init(input: "in", output: "out", error: "err"))
                try shim.startTask()
                try shim.exec("t", "cat", streams: .init(input: "tin", output: "tout", terminal: true))
                let process = try shim.shimPID()
                let numbers = Host.names(in: "/proc/\(process)/fd").compactMap { Int($0) }.filter { $0 > 2 }
                #expect(numbers.count > 10)
                for number in numbers {
                    let info = try Host.read("/proc/\(process)/fdinfo/\(number)")
                    let line = info.split(separator: "\n").first { $0.hasPrefix("flags:") }
                    let flags = line.flatMap { Int($0.dropFirst(6).trimmingCharacters(in: .whitespaces), radix: 8) }
                    #expect((flags ?? 0) & Int(O_CLOEXEC) != 0, "descriptor \(number): \(info)")
                }
            }
        }

        @Test("a runtime gets three descriptors, and nothing that systemd gave the daemon")
        func inheritance() throws {
            let systemd = ["NOTIFY_SOCKET": "/n", "LISTEN_FDS": "1", "LISTEN_PID": "1", "LISTEN_FDNAMES": "x"]
            try ShimFixture.with(.runc, variables: systemd.merging(["KEPT": "1"]) { $1 }) { shim in
                let runtime = shim.workspace.file("spy-runc")
                let report = shim.workspace.file("report")
                let script = """
                    #!/usr/bin/python3
                    import os, sys
                    with open("\(report)", "a") as report:
                        opened = set(os.listdir("/proc/self/fd")) - {str(report.fileno())}
                        print(*sorted(fd for fd in opened if os.path.exists("/proc/self/fd/" + fd)), file=report)
                        print(*sorted(set(os.environ) & set(\(Array(systemd.keys) + ["KEPT"]))), file=report)
                    os.execvp("runc", ["runc"] + sys.argv[1:])
                    """
                try Host.write(script, to: runtime, mode: 0o755)
                var options = Containerd_Runc_V1_Options()
                options.binaryName = runtime
                var request = shim.createRequest()
                request.options = ShimFlavor.any("containerd.runc.v1.Options", try options.serializedBytes())
                try shim.send("Create", request)
                #expect(try Host.read(report) == "0 1 2\nKEPT\n")
            }
        }

        @Test(
            "a link in an image leads no mount out of it",
            arguments: [("evil", false), ("../outside", false), ("missing", false), ("link", true)])
        func mountTargets(_ target: String, _ isAllowed: Bool) throws {
            try ShimFixture.with(.runc, edit: { $0["root"] = ["path": "rootfs"] }) { shim in
                let image = shim.workspace.file("rootfs")
                let outside = shim.workspace.file("outside")
                let data = shim.workspace.file("data")
                for folder in [outside, data, image + "/good"] { try Host.makeFolder(folder) }
                try Host.write("x", to: data + "/file")
                symlink(outside, image + "/evil")
                symlink("/good", image + "/link")
                var request = shim.createRequest()
                request.rootfs = [(image, ""), (data, target)].map { source, target in
                    var mount = Containerd_Types_Mount()
                    mount.type = "bind"
                    mount.source = source
                    mount.target = target
                    mount.options = ["rbind", "rw"]
                    return mount
                }
                #expect(try (shim.refusal("Create", request) == nil) == isAllowed)
                #expect(Host.names(in: outside).isEmpty)
                #expect(Host.names(in: shim.bundle("a") + "/rootfs/good") == (isAllowed ? ["file"] : []))
                if !isAllowed {
                    #expect(!(try Host.read("/proc/self/mountinfo")).contains(shim.bundle("a")))
                }
            }
        }

        @Test("what it writes is for its owner, whatever the daemon's umask is")
        func modes() throws {
            try ShimFixture.with(.runc, launcher: ["sh", "-c", "umask 0; exec \"$@\"", "sh"]) { shim in
                try shim.create()
                try shim.startTask()
                try shim.send("Kill", shim.killRequest(SIGKILL))
                #expect(try shim.wait() == 137)
                for name in ["options.json", "runtime", "exit"] {
                    #expect(try Self.mode(shim.bundle("a") + "/" + name) == 0o600, "\(name)")
                }
                #expect(try Self.mode(shim.bundle("a") + "/address") == 0o644)
                #expect(try Self.mode(shim.socket) == 0o600)
                #expect(try Self.mode(shim.workspace.file("s")) == 0o700)
            }
        }

        private static func mode(_ path: String) throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        }

        /// A line of `/proc/<pid>/status`.
        private static func status(_ process: pid_t, _ name: String) throws -> String? {
            let lines = try Host.read("/proc/\(process)/status").split(separator: "\n")
            return lines.first { $0.hasPrefix(name + ":") }?.dropFirst(name.count + 1)
                .trimmingCharacters(in: .whitespaces)
        }
    }
}
