import Foundation
import Glibc
import SwctrCore
import SwctrProto
import SwctrTestSupport
import SwctrWire
import SwiftProtobuf
import Testing

extension Integration {
    /// `delete` after a shim was killed with SIGKILL, wherever its container stood: no process, mount, cgroup, socket or
    /// file is left.
    @Suite("Shim: what delete leaves of a killed one")
    struct ShimCleanUpTests {
        private static let flavors = [ShimFlavor.runc, .crun, .stock]

        /// Where a container may stand. Mid-way through Create and Exec the runtime is at work, and dies too.
        enum Stage: String, CaseIterable, Sendable, CustomTestStringConvertible {
            case started, created, running, paused, stopped
            var testDescription: String { rawValue }
        }

        /// Debian's shim wants to have heard of the container before it deletes it.
        private static let cases = flavors.flatMap { flavor in
            Stage.allCases.filter { flavor.isOurs || $0 != .started }.map { ($0, flavor) }
        }

        @Test("nothing, from any point of a life", arguments: cases)
        func stages(_ stage: Stage, _ flavor: ShimFlavor) throws {
            let command = stage == .stopped ? ["sh", "-c", "exit 3"] : ["sleep", "1000"]
            try Self.with(flavor, command) { shim in
                var pid: pid_t = 0
                if stage != .started { pid = try Self.create(shim) }
                if [.running, .paused, .stopped].contains(stage) { try shim.startTask() }
                var reader: Child?
                if [.running, .paused].contains(stage) {
                    try shim.exec("e", "sleep", "1000")
                    // Ends with the last writer, which is the shim.
                    reader = try shim.reader("out")
                    try shim.exec(
                        "t", "sh", "-c", "sleep 1000 & sleep 1000", streams: .init(output: "out", terminal: true))
                }
                switch stage {
                case .paused:
                    var pause = Containerd_Task_V2_PauseRequest()
                    pause.id = "a"
                    try shim.send("Pause", pause)
                case .stopped: #expect(try shim.wait() == 3)
                case .started, .created, .running: break
                }
                try Self.killShim(shim)
                _ = try reader?.wait()
                let deleted = try shim.deleteBinary("a")
                #expect(deleted.pid == UInt32(pid))
                // Debian's shim has no record of it.
                #expect(deleted.exitStatus == (stage == .stopped && flavor.isOurs ? 3 : 137))
                Self.expectNothing(shim, of: ["a"])
            }
        }

        /// Not asked of Debian's shim, which leaves cgroups and sockets of terminals there.
        @Test(
            "nothing, when it died before, in and after the runtime's create", arguments: [ShimFlavor.runc, .crun],
            ["before", "within", "after"])
        func creating(_ flavor: ShimFlavor, _ moment: String) throws {
            try Self.with(
                flavor, terminal: true,
                edit: { spec in
                    guard moment == "within" else { return }
                    // The runtime waits for a hook: there are a cgroup and a process, and no container yet.
                    spec["hooks"] = [
                        "createRuntime": [["path": "/bin/sh", "args": ["sh", "-c", "read pid < gate-path"]]]
                    ]
                }
            ) { shim in
                let gate = try shim.gate("gate")
                let reached = try shim.reader("reached")
                let config = shim.bundle("a") + "/config.json"
                let hook = "echo here > \(shim.workspace.file("reached")); read go < \(gate.path)"
                try Host.write(
                    Host.read(config).replacingOccurrences(of: "read pid < gate-path", with: hook), to: config)
                switch moment {
                case "before": try shim.wrapRuntime("[ $call = create ] && kill -9 $PPID")
                case "after": try shim.wrapRuntime("[ $call = create ] && { $real \"$@\"; kill -9 $PPID; exit 0; }")
                default: break
                }
                let process = try shim.shimPID()
                try shim.begin(
                    "Create", Self.request(shim, .init(input: "in", output: "out", terminal: true)), on: "create")
                if moment == "within" {
                    try reached.expect("here")
                    kill(process, SIGKILL)
                }
                try Host.awaitEnd(of: process)
                #expect(try shim.deleteBinary("a").exitStatus == 137)
                // The hook is its author's; it ends by itself.
                if moment == "within" { try gate.open() }
                reached.signal(SIGKILL)
                _ = try reached.wait()
                Self.expectNothing(shim, of: ["a"])
            }
        }

        @Test("nothing, when it died in an exec", arguments: [ShimFlavor.runc, .crun])
        func execing(_ flavor: ShimFlavor) throws {
            try Self.with(flavor) { shim in
                try shim.wrapRuntime("[ $call = exec ] && { $real \"$@\"; kill -9 $PPID; exit 0; }")
                try Self.create(shim)
                try shim.startTask()
                let process = try shim.shimPID()
                let streams = ShimFixture.Streams(input: "in", output: "out", terminal: true)
                try shim.send("Exec", shim.execRequest("e", ["sleep", "1000"], streams))
                try shim.begin("Start", shim.startRequest("a", "e"), on: "exec")
                try Host.awaitEnd(of: process)
                _ = try shim.deleteBinary("a")
                Self.expectNothing(shim, of: ["a"])
            }
        }

        @Test("of a group each delete takes its own, and the last one leaves nothing", arguments: flavors)
        func group(_ flavor: ShimFlavor) throws {
            let edit: (inout [String: Any]) -> Void = { $0["annotations"] = ["io.containerd.runc.v2.group": "pod"] }
            try Self.with(flavor, edit: edit) { shim in
                try shim.makeBundle("b", ["sleep", "1000"], edit: edit)
                _ = try shim.start("b")
                try Self.create(shim)
                try shim.startTask()
                let other = try shim.create("b")
                try shim.startTask("b")
                try Self.killShim(shim)
                _ = try shim.deleteBinary("a")
                #expect(kill(other, 0) == 0)
                #expect(try shim.deleteBinary("b").pid == UInt32(other))
                Self.expectNothing(shim, of: ["a", "b"])
            }
        }

        @Test("a runtime that hangs in delete is given up, and what it had is killed", arguments: [ShimFlavor.crun])
        func stuckRuntime(_ flavor: ShimFlavor) throws {
            try Self.with(flavor) { shim in
                let gate = try shim.gate("gate")
                try shim.wrapRuntime("[ $call = delete ] && read go < \(gate.path)")
                try Self.create(shim)
                try shim.startTask()
                try shim.exec("e", "sleep", "1000")
                // Frozen, it would not even die.
                var pause = Containerd_Task_V2_PauseRequest()
                pause.id = "a"
                try shim.send("Pause", pause)
                try Self.killShim(shim)
                let outcome = try Child(
                    shim.arguments("a") + ["-bundle", shim.bundle("a"), "delete"], environment: shim.environment,
                    directory: shim.bundle("a")
                ).wait()
                #expect(outcome.status == 0)
                // Of containerd's patience, 5 seconds, that leaves enough.
                #expect(outcome.errorText.contains("took more than 4000 ms"), "\(outcome.errorText)")
                #expect(shim.workspace.remains().isEmpty)
                // With a runtime that answers again its record goes too; the fixture asks once more.
                try gate.open()
                try gate.open()
                _ = try shim.deleteBinary("a")
                Self.expectNothing(shim, of: ["a"])
            }
        }

        @Test(
            "a paused container whose processes have a group of their own below it",
            arguments: [ShimFlavor.runc, .crun])
        func pausedBelow(_ flavor: ShimFlavor) throws {
            try Self.with(flavor) { shim in
                // Only what the shim itself does counts here.
                let helps = shim.workspace.file("helps")
                try shim.wrapRuntime("[ $call = delete ] && [ ! -e \(helps) ] && exit 1")
                let pid = try Self.create(shim)
                try shim.startTask()
                let root = "/sys/fs/cgroup" + (Host.exists("/sys/fs/cgroup/cgroup.controllers") ? "" : "/freezer")
                let group = "\(root)/\(shim.workspace.namespace)/a/child"
                try Host.makeFolder(group)
                try must(["sh", "-c", "echo \(pid) > \(group)/cgroup.procs"])
                var pause = Containerd_Task_V2_PauseRequest()
                pause.id = "a"
                try shim.send("Pause", pause)
                try Self.killShim(shim)
                _ = try shim.deleteBinary("a")
                #expect(shim.workspace.remains() == [])
                try Host.write("", to: helps)
                _ = try shim.deleteBinary("a")
                Self.expectNothing(shim, of: ["a"])
            }
        }

        @Test("a cgroup that does not bear the container's name is not touched", arguments: [ShimFlavor.runc, .crun])
        func sharedCgroup(_ flavor: ShimFlavor) throws {
            try Self.with(
                flavor,
                edit: { spec in
                    guard var linux = spec["linux"] as? [String: Any], let path = linux["cgroupsPath"] as? String
                    else { return }
                    linux["cgroupsPath"] = path.dropLast() + "shared"
                    spec["linux"] = linux
                }
            ) { shim in
                // Somebody else lives in that group: a process of the host's.
                let neighbour = try Child(["sleep", "1000"])
                let root = "/sys/fs/cgroup" + (Host.exists("/sys/fs/cgroup/cgroup.controllers") ? "" : "/pids")
                let group = "\(root)/\(shim.workspace.namespace)/shared"
                try Host.makeFolder(group)
                try must(["sh", "-c", "echo \(neighbour.processID) > \(group)/cgroup.procs"])
                try shim.wrapRuntime("[ $call = create ] && kill -9 $PPID")
                let process = try shim.shimPID()
                try shim.begin("Create", Self.request(shim, .none), on: "create")
                try Host.awaitEnd(of: process)
                _ = try shim.deleteBinary("a")
                #expect(kill(neighbour.processID, 0) == 0)
                neighbour.signal(SIGKILL)
                _ = try neighbour.wait()
                #expect(rmdir(group) == 0)
            }
        }

        // MARK: Parts

        /// A shim whose temporary files have a folder of their own, and whose container has a root that is mounted.
        private static func with(
            _ flavor: ShimFlavor, _ command: [String] = ["sleep", "1000"], terminal: Bool = false,
            edit: (inout [String: Any]) -> Void = { _ in },
            _ body: (ShimFixture) throws -> Void
        ) throws {
            try ShimFixture.with(
                flavor, command, terminal: terminal,
                edit: { spec in
                    spec["root"] = ["path": "rootfs"]
                    edit(&spec)
                },
                before: { shim in
                    try Host.makeFolder(shim.workspace.file("tmp"))
                    shim.surroundings["TMPDIR"] = shim.workspace.file("tmp")
                    shim.surroundings["XDG_RUNTIME_DIR"] = shim.workspace.file("tmp")
                }, body)
        }

        private static func request(
            _ shim: ShimFixture, _ streams: ShimFixture.Streams
        ) -> Containerd_Task_V2_CreateTaskRequest {
            var request = shim.createRequest("a", streams)
            var mount = Containerd_Types_Mount()
            mount.type = "bind"
            mount.source = shim.workspace.file("rootfs")
            mount.options = ["rbind", "ro"]
            request.rootfs = [mount]
            return request
        }

        @discardableResult
        private static func create(_ shim: ShimFixture) throws -> pid_t {
            let answer: Containerd_Task_V2_CreateTaskResponse = try shim.call("Create", request(shim, .none))
            return pid_t(answer.pid)
        }

        private static func killShim(_ shim: ShimFixture) throws {
            let process = try shim.shimPID()
            kill(process, SIGKILL)
            try Host.awaitEnd(of: process)
        }

        private static func expectNothing(
            _ shim: ShimFixture, of ids: [String], _ location: SourceLocation = #_sourceLocation
        ) {
            #expect(shim.workspace.remains() == [], sourceLocation: location)
            // Debian's shim leaves its socket to the next one of that name.
            #expect(!shim.flavor.isOurs || !Host.exists(shim.socket), sourceLocation: location)
            #expect(Host.names(in: shim.workspace.file("tmp")) == [], sourceLocation: location)
            for id in ids {
                let state = "/run/containerd/runc/\(shim.workspace.namespace)/\(id)"
                #expect(!Host.exists(state), sourceLocation: location)
            }
        }
    }
}
