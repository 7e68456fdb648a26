import Foundation
import SwctrCore
import SwctrProto
import SwctrTestSupport
import SwctrWire
import SwiftProtobuf
import Testing

extension Integration {
    /// Exits and calls that meet; each is a fault that some version of containerd's shim had.
    @Suite("Shim: what happens at once")
    struct ShimConcurrencyTests {
        @Test("forty execs that end at the same moment each report their own end, once", arguments: ShimFlavor.quick)
        func ends(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                try shim.create()
                try shim.startTask()
                // In the root that all containers share; every exec's read ends when the only writer goes.
                let path = shim.workspace.file("rootfs/tmp/gate")
                mkfifo(path, 0o600)
                let writer = open(path, O_RDWR | O_CLOEXEC)
                mkfifo(shim.workspace.file("rootfs/tmp/ready"), 0o600)
                // Held open, so that the reader does not take a pause between two writers for the end.
                let ready = try Gate(shim.workspace.file("rootfs/tmp/ready"))
                let count = flavor.isOurs ? 40 : 10
                let reader = try Child(["head", "-n", "\(count)", ready.path])
                for number in 0..<count {
                    try shim.exec(
                        "e\(number)", "sh", "-c",
                        "exec 3< /tmp/gate; echo ready > /tmp/ready; read line <&3; exit \(number + 1)")
                }
                #expect(try reader.wait().lines.count == count)
                close(writer)
                for number in 0..<count {
                    #expect(try shim.wait("e\(number)") == UInt32(number + 1))
                    try shim.events.await("exit e\(number)")
                }
                for number in 0..<count { #expect(shim.events.exits(of: "e\(number)").count == 1) }
                #expect(try shim.state().status == .running)
            }
        }

        @Test("execs that end at once are started first", arguments: ShimFlavor.quick)
        func brief(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                try shim.create()
                try shim.startTask()
                for number in 0..<20 {
                    try shim.exec("e\(number)", "true")
                    #expect(try shim.wait("e\(number)") == 0)
                    try shim.delete("e\(number)")
                }
                let seen = try shim.events.await("exit e19")
                let expected = (0..<20).flatMap { ["exec-added e\($0)", "exec-started e\($0)", "exit e\($0)"] }
                #expect(seen == ["create a", "start a"] + expected)
            }
        }

        @Test("probes that never rest neither delay nor hide the end of init", arguments: [ShimFlavor.runc, .crun])
        func probes(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                try shim.create()
                try shim.startTask()
                let probes = Probes(shim)
                for worker in 0..<4 { probes.run(worker) }
                try probes.awaitRounds(12)
                try shim.send("Kill", shim.killRequest(SIGKILL))
                #expect(try shim.wait() == 137)
                try shim.events.await("exit a")
                let refusals = try probes.finish()
                // Each worker ends with the first refusal: the task is not there to be asked any more.
                for refusal in refusals {
                    let late = refusal.message == "container a init process is not running: failed precondition"
                    let stopped = refusal.message == "cannot exec in a stopped state"
                    #expect(
                        late || stopped || refusal.message.hasPrefix("OCI runtime exec failed: "), "\(refusal.message)")
                }
                let seen = shim.events.seen
                #expect(seen.filter { $0 == "exit a" }.count == 1)
                #expect(seen.last == "exit a" || seen.last?.hasPrefix("exec-added") == true, "\(seen.suffix(5))")
            }
        }

        @Test("an init that dies while it is created is created first, then exits", arguments: ShimFlavor.quick)
        func diesInCreate(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                try shim.wrapRuntime(
                    """
                    if [ "$call" = create ]; then
                      $real "$@" || exit $?
                      while [ "$1" != --pid-file ]; do shift; done
                      kill -9 $(cat "$2")
                      exit 0
                    fi
                    """)
                let pid = try shim.create()
                #expect(try shim.wait() == 137)
                let seen = try shim.events.await("exit a")
                #expect(seen == ["create a", "exit a"])
                #expect(try shim.state().status == .stopped)
                let deleted = try shim.delete()
                #expect(deleted.pid == UInt32(pid))
                #expect(deleted.exitStatus == 137)
            }
        }

        /// Not asked of Debian's shim, which may be gone before its answer to Delete is sent.
        @Test("Shutdown, Delete and the end of a container may meet", arguments: [ShimFlavor.runc, .crun])
        func shutdown(_ flavor: ShimFlavor) throws {
            for _ in 0..<5 {
                try ShimFixture.with(flavor) { shim in
                    try shim.create()
                    try shim.startTask()
                    let process = try shim.shimPID()
                    var request = Containerd_Task_V2_ShutdownRequest()
                    request.id = "a"
                    try shim.begin("Wait", shim.waitRequest(), on: "waiting")
                    try shim.begin("Shutdown", request, on: "early")
                    try shim.begin("Kill", shim.killRequest(SIGKILL), on: "killing")
                    let ended: Containerd_Task_V2_WaitResponse = try shim.answer(on: "waiting")
                    #expect(ended.exitStatus == 137)
                    try shim.begin("Delete", shim.deleteRequest(), on: "deleting")
                    try shim.begin("Shutdown", request, on: "middle")
                    let deleted: Containerd_Task_V2_DeleteResponse = try shim.answer(on: "deleting")
                    #expect(deleted.exitStatus == 137)
                    // The one before may have come too late or too early; the last one counts in any case.
                    do { try shim.begin("Shutdown", request, on: "late") } catch is TestFailure {}
                    try Host.awaitEnd(of: process)
                    #expect(!Host.exists(shim.socket))
                    #expect(try shim.events.await("delete a") == ["create a", "start a", "exit a", "delete a"])
                }
            }
        }

        @Test("a runtime that hangs in killing the rest does not hide the exit", arguments: [ShimFlavor.runc, .crun])
        func stuckRuntime(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, ["sh", "-c", "exit 4"], edit: Self.joinPIDs) { shim in
                let gate = try shim.gate("gate")
                let order = shim.workspace.file("order")
                try shim.wrapRuntime(
                    """
                    [ $call = kill ] && { read go < \(gate.path); $real "$@"; echo killed >> \(order); exit 0; }
                    [ $call = delete ] && echo delete >> \(order)
                    """)
                try shim.create()
                try shim.startTask()
                #expect(try shim.wait() == 4)
                #expect(try shim.events.await("exit a") == ["create a", "start a", "exit a"])
                // Others are not held up either while it hangs.
                #expect(try shim.state().status == .stopped)
                // But on cgroup v1 a runtime freezes what it kills, and deletes nothing that is frozen.
                try shim.begin("Delete", shim.deleteRequest(), on: "deleting")
                #expect(try shim.state().status == .stopped)
                try gate.open()
                let deleted: Containerd_Task_V2_DeleteResponse = try shim.answer(on: "deleting")
                #expect(deleted.exitStatus == 4)
                #expect(try Host.read(order) == "killed\ndelete\n")
            }
        }

        @Test(
            "what is left of a container is killed only where its pid namespace is not its own",
            arguments: ShimFlavor.quick, [true, false])
        func killAll(_ flavor: ShimFlavor, isPrivate: Bool) throws {
            try ShimFixture.with(
                flavor, ["sh", "-c", "exit 4"], edit: { if !isPrivate { Self.joinPIDs(&$0) } }
            ) { shim in
                try shim.wrapRuntime("echo $call >> \(shim.workspace.file("calls"))")
                try shim.create()
                try shim.startTask()
                #expect(try shim.wait() == 4)
                try shim.delete()
                let calls = try Host.read(shim.workspace.file("calls")).split(separator: "\n").map(String.init)
                #expect(calls == (isPrivate ? ["create", "start", "delete"] : ["create", "start", "kill", "delete"]))
            }
        }

        @Test(
            "a pause that comes to its end after the init has is not told of, and undone", arguments: [ShimFlavor.runc])
        func latePause(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                let gate = try shim.gate("gate")
                let reached = try shim.reader("reached")
                let order = shim.workspace.file("order")
                try shim.wrapRuntime(
                    """
                    [ $call = pause ] && { echo here > \(shim.fifo("reached")); read go < \(gate.path); exit 0; }
                    [ $call = resume ] && { read go < \(gate.path); echo thawed >> \(order); }
                    [ $call = delete ] && echo delete >> \(order)
                    """)
                let pid = try shim.create()
                try shim.startTask()
                var pause = Containerd_Task_V2_PauseRequest()
                pause.id = "a"
                try shim.begin("Pause", pause, on: "pausing")
                try reached.expect("here")
                kill(pid, SIGKILL)
                try shim.events.await("exit a")
                try gate.open()
                let _: Google_Protobuf_Empty = try shim.answer(on: "pausing")
                try shim.begin("Delete", shim.deleteRequest(), on: "deleting")
                #expect(try shim.state().status == .stopped)
                try gate.open()
                let _: Containerd_Task_V2_DeleteResponse = try shim.answer(on: "deleting")
                #expect(try Host.read(order) == "thawed\ndelete\n")
                #expect(try shim.events.await("delete a") == ["create a", "start a", "exit a", "delete a"])
                _ = try reached.wait()
            }
        }

        @Test("an exec that comes in after everything was killed is killed too", arguments: [ShimFlavor.runc])
        func lateExec(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, edit: Self.joinPIDs) { shim in
                let gate = try shim.gate("gate")
                let reached = try shim.reader("reached")
                let killing = try shim.reader("killing")
                // A runtime that has looked whether there is a container, and joins it only then.
                try shim.wrapRuntime(
                    """
                    [ $call = kill ] && { $real "$@"; echo there > \(shim.fifo("killing")); exit 0; }
                    if [ $call = exec ]; then
                      while [ "$1" != --pid-file ]; do shift; done
                      echo here > \(shim.fifo("reached")); read go < \(gate.path)
                      sleep 1000 > /dev/null 2>&1 & echo $! > "$2"
                      exit 0
                    fi
                    """)
                let pid = try shim.create()
                try shim.startTask()
                try shim.send("Exec", shim.execRequest("e", ["sleep", "1000"]))
                try shim.begin("Start", shim.startRequest("a", "e"), on: "starting")
                try reached.expect("here")
                kill(pid, SIGKILL)
                try killing.expect("there")
                try gate.open()
                let started: Containerd_Task_V2_StartResponse = try shim.answer(on: "starting")
                defer { kill(pid_t(started.pid), SIGKILL) }
                #expect(try shim.wait("e") == 137)
                #expect(try shim.wait() == 137)
                for reader in [reached, killing] { _ = try reader.wait() }
            }
        }

        /// A pid namespace that was there before, as in a pod whose containers share one: here the tests' own.
        private static func joinPIDs(_ spec: inout [String: Any]) {
            guard var linux = spec["linux"] as? [String: Any] else { return }
            linux["namespaces"] =
                ["ipc", "uts", "mount", "network"].map { ["type": $0] }
                + [["type": "pid", "path": "/proc/self/ns/pid"]]
            spec["linux"] = linux
        }
    }
}

/// Threads that run one exec after the other, until the shim refuses one.
private final class Probes: @unchecked Sendable {
    // Unchecked because the lock (a condition) guards all that changes after init.
    private let lock = NSCondition()
    private var rounds = 0
    private var working = 0
    private var refusals: [RPCStatus] = []
    private var failure: (any Error)?
    private let socket: String
    private let service: String
    private let spec: Google_Protobuf_Any

    init(_ shim: ShimFixture) {
        socket = shim.socket
        service = shim.flavor.service
        let process = ShimFixture.process(["true"], terminal: false)
        let document = (try? JSONSerialization.data(withJSONObject: process)) ?? Data()
        spec = ShimFlavor.any("types.containerd.io/opencontainers/runtime-spec/1/Process", Array(document))
    }

    func run(_ worker: Int) {
        lock.withLock { working += 1 }
        Thread.detachNewThread { [self] in
            var end: (any Error)?
            do {
                let peer = try WirePeer(to: socket)
                for round in 0... {
                    try probe(peer, "p\(worker)-\(round)")
                    change { rounds += 1 }
                }
            } catch { end = error }
            change {
                working -= 1
                if let refusal = end as? RPCStatus { refusals.append(refusal) } else { failure = end }
            }
        }
    }

    private func change(_ action: () -> Void) {
        lock.withLock {
            action()
            lock.broadcast()
        }
    }

    private func probe(_ peer: WirePeer, _ id: String) throws {
        let limit = Duration.seconds(30)
        var exec = Containerd_Task_V2_ExecProcessRequest()
        exec.id = "a"
        exec.execID = id
        exec.spec = spec
        let _: Google_Protobuf_Empty = try peer.call(service, "Exec", exec, within: limit)
        var start = Containerd_Task_V2_StartRequest()
        start.id = "a"
        start.execID = id
        let _: Containerd_Task_V2_StartResponse = try peer.call(service, "Start", start, within: limit)
        var wait = Containerd_Task_V2_WaitRequest()
        wait.id = "a"
        wait.execID = id
        let _: Containerd_Task_V2_WaitResponse = try peer.call(service, "Wait", wait, within: limit)
        var delete = Containerd_Task_V2_DeleteRequest()
        delete.id = "a"
        delete.execID = id
        let _: Containerd_Task_V2_DeleteResponse = try peer.call(service, "Delete", delete, within: limit)
    }

    /// Waits until so many have been through.
    func awaitRounds(_ count: Int) throws {
        try awaitChange("so many rounds") { rounds >= count || working == 0 }
    }

    /// Waits until every worker has been refused.
    func finish() throws -> [RPCStatus] {
        try awaitChange("the last refusal") { working == 0 }
        return try lock.withLock {
            if let failure { throw failure }
            return refusals
        }
    }

    private func awaitChange(_ what: String, until isReached: () -> Bool) throws {
        let deadline = Date(timeIntervalSinceNow: 60)
        lock.lock()
        defer { lock.unlock() }
        while !isReached() {
            if !lock.wait(until: deadline) { throw TestFailure("\(what) did not come") }
        }
    }
}
