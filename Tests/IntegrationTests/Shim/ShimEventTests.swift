import Foundation
import SwctrCore
import SwctrProto
import SwctrTestSupport
import SwctrWire
import SwiftProtobuf
import Testing

extension Integration {
    @Suite("Shim: events and the way to the daemon")
    struct ShimEventTests {
        @Test("events carry their time, namespace, topic and type", arguments: ShimFlavor.quick)
        func envelopes(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                let pid = try shim.create()
                try shim.startTask()
                let exec = try shim.exec("e", "sh", "-c", "exit 3")
                #expect(try shim.wait("e") == 3)
                try shim.events.await("exit e")
                try shim.send("Kill", shim.killRequest(SIGKILL))
                _ = try shim.wait()
                try shim.delete()
                try shim.events.await("delete a")
                let taken = shim.events.taken
                for envelope in taken {
                    #expect(envelope.namespace == shim.workspace.namespace)
                    #expect(abs(envelope.timestamp.date.timeIntervalSinceNow) < 60)
                }
                #expect(
                    taken.map(\.event.typeURL) == [
                        "containerd.events.TaskCreate", "containerd.events.TaskStart",
                        "containerd.events.TaskExecAdded", "containerd.events.TaskExecStarted",
                        "containerd.events.TaskExit", "containerd.events.TaskExit", "containerd.events.TaskDelete",
                    ])
                let created = try Containerd_Events_TaskCreate(serializedBytes: taken[0].event.value)
                #expect(created.bundle == shim.bundle("a"))
                #expect(created.pid == UInt32(pid))
                let started = try Containerd_Events_TaskExecStarted(serializedBytes: taken[3].event.value)
                #expect(started.pid == UInt32(exec))
                let deleted = try Containerd_Events_TaskDelete(serializedBytes: taken[6].event.value)
                #expect(deleted.containerID == "a")
                #expect(deleted.id == "")
                #expect(deleted.exitStatus == 137)
            }
        }

        @Test(
            "a daemon that takes events and never answers delays nobody, and misses nothing",
            arguments: [ShimFlavor.runc])
        func silent(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                shim.events.turn(.silent)
                try shim.create()
                try shim.startTask()
                try shim.exec("e", "sh", "-c", "exit 3")
                #expect(try shim.wait("e") == 3)
                try shim.send("Kill", shim.killRequest(SIGKILL))
                #expect(try shim.wait() == 137)
                // No answer has come, to none of them: nothing of the above has waited for it.
                #expect(shim.events.taken.isEmpty)
                try shim.events.awaitAttempts(2)
                shim.events.turn(.answering)
                let seen = try shim.events.await("exit a")
                #expect(seen == ["create a", "start a", "exec-added e", "exec-started e", "exit e", "exit a"])
            }
        }

        @Test("an event that the daemon refuses holds up none of those after it", arguments: ours)
        func refused(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                shim.events.turn(.refusing("no such topic"))
                try shim.create()
                try shim.events.awaitAttempts(1)
                shim.events.turn(.answering)
                try shim.startTask()
                #expect(try shim.events.await("start a") == ["start a"])
            }
        }

        @Test("an event that the daemon fails at every time is given up, and those after it go on", arguments: ours)
        func failing(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                shim.events.turn(.refusing("broken", code: 2, topic: "/tasks/create"))
                try shim.create()
                try shim.startTask()
                #expect(try shim.events.await("start a", within: 60) == ["start a"])
                let reader = try Child(["cat", shim.bundle("a") + "/log"])
                try reader.expect("event refused: broken")
                reader.signal(SIGKILL)
                _ = try reader.wait()
            }
        }

        @Test("more events than are kept cost the oldest, and the rest stay in order", arguments: [ShimFlavor.crun])
        func overflow(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                try shim.create()
                try shim.startTask()
                try shim.events.await("start a")
                shim.events.close()
                let count = 1100
                for number in 0..<count { try shim.send("Exec", shim.execRequest("e\(number)", ["true"])) }
                try shim.restartEvents()
                let seen = try shim.events.await("exec-added e\(count - 1)")
                #expect(seen == (count - 1024..<count).map { "exec-added e\($0)" })
            }
        }

        @Test("an overflow while an event is on its way costs none but the oldest", arguments: [ShimFlavor.crun])
        func overflowInFlight(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                try shim.create()
                try shim.startTask()
                try shim.events.await("start a")
                shim.events.turn(.holding)
                let count = 1100
                for number in 0..<count { try shim.send("Exec", shim.execRequest("e\(number)", ["true"])) }
                // The first was taken but not answered; then as many were dropped as were too many, it among them.
                shim.events.turn(.answering)
                let seen = try shim.events.await("exec-added e\(count - 1)")
                let kept = (count - 1024..<count).map { "exec-added e\($0)" }
                #expect(seen[2] == "exec-added e0")
                #expect(Array(seen.suffix(1024)) == kept)
            }
        }

        @Test("without a ttrpc address the daemon's program is run for every event, in order", arguments: ours)
        func program(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, before: { try Self.usePublisher($0, at: "") }) { shim in
                try shim.create()
                try shim.startTask()
                try shim.send("Kill", shim.killRequest(SIGKILL))
                #expect(try shim.wait() == 137)
                try shim.delete()
                let process = try shim.shimPID()
                // What is not out yet goes out before the end.
                try shim.shutdown()
                try Host.awaitEnd(of: process)
                let calls = try Host.read(shim.workspace.file("published")).split(separator: "\n").map(String.init)
                let prefix = "--address \(shim.workspace.file("c.sock")) publish --topic"
                #expect(
                    calls
                        == ["create", "start", "exit", "delete"].map {
                            "\(prefix) /tasks/\($0) --namespace \(shim.workspace.namespace)"
                        })
                let exit = try Google_Protobuf_Any(
                    serializedBytes: [UInt8](
                        FileManager.default.contents(atPath: shim.workspace.file("event.3")) ?? Data()))
                #expect(exit.typeURL == "containerd.events.TaskExit")
                #expect(try Containerd_Events_TaskExit(serializedBytes: exit.value).exitStatus == 137)
            }
        }

        @Test("where the ttrpc address leads nowhere the daemon's program is run too", arguments: ours)
        func noSocket(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, before: { try Self.usePublisher($0, at: "/nowhere/socket") }) { shim in
                try shim.create()
                try shim.startTask()
                try shim.send("Kill", shim.killRequest(SIGKILL))
                #expect(try shim.wait() == 137)
                try shim.delete()
                let process = try shim.shimPID()
                try shim.shutdown()
                try Host.awaitEnd(of: process)
                let topics = try Host.read(shim.workspace.file("published")).split(separator: "\n").compactMap {
                    $0.split(separator: " ").first { $0.hasPrefix("/tasks/") }
                }
                #expect(topics == ["/tasks/create", "/tasks/start", "/tasks/exit", "/tasks/delete"])
            }
        }

        @Test("containerd's own program hands the events on", arguments: [ShimFlavor.runc])
        func containerdPublishes(_ flavor: ShimFlavor) throws {
            try Workspace.with { place in
                let containerd = try Containerd(in: place)
                try ShimFixture.with(
                    flavor,
                    before: { shim in
                        shim.surroundings["TTRPC_ADDRESS"] = ""
                        shim.publishBinary = try Host.locate("containerd")
                        shim.containerdAddress = place.file("containerd.sock")
                    },
                    { shim in
                        let listener = try containerd.client.events()
                        try shim.create()
                        try listener.expect("/tasks/create")
                        try shim.startTask()
                        try listener.expect("/tasks/start")
                        try shim.send("Kill", shim.killRequest(SIGKILL))
                        try listener.expect("/tasks/exit")
                        listener.signal(SIGKILL)
                        _ = try listener.wait()
                    })
            }
        }

        private static let ours = [ShimFlavor.runc, .crun]

        /// A program that writes down how it was called and with what; the shim's ttrpc address is `address`.
        private static func usePublisher(_ shim: ShimFixture, at address: String) throws {
            let path = shim.workspace.file("publish.sh")
            try Host.write(
                """
                #!/bin/sh
                echo "$*" >> \(shim.workspace.file("published"))
                cat > \(shim.workspace.file("event")).$(wc -l < \(shim.workspace.file("published")))
                """, to: path, mode: 0o755)
            shim.publishBinary = path
            shim.surroundings["TTRPC_ADDRESS"] = address
        }
    }
}
