import Foundation
import Glibc
import SwctrCore
import SwctrEngine
import SwctrImages
import SwctrMetadata
import SwctrProto
import SwctrTasks
import SwctrTestSupport
import SwiftProtobuf
import Testing

@testable import SwctrService

/// Tests that run containers go one after the other.
@Suite("Engine", .serialized, .enabled(if: EngineFixture.isPossible, "needs root, runc and our shim"))
enum EngineSuite {}

extension EngineSuite {
    @Suite("A container's life")
    struct ContainerLifeTests {
        @Test("run, end, and with auto-remove nothing is left of it")
        func autoRemove() async throws {
            try await EngineFixture.with { fixture, manager in
                let events = manager.parts.bus.subscribe()
                let task = try await fixture.run(
                    manager, fixture.options("a", "sh", "-c", "exit 42"), detach: false, autoRemove: true)
                #expect(try await task.wait().status.code == 42)
                try await task.waitUntilGone()
                try await fixture.expectLeft(by: manager, [])
                // The name is free at once.
                let again = try await fixture.run(
                    manager, fixture.options("a", "true"), detach: false, autoRemove: true)
                try await again.waitUntilGone()
                var topics: [String] = []
                for try await event in events {
                    topics.append(event.topic)
                    if event.topic == "/containers/delete" { break }
                }
                #expect(topics.contains("/containers/create"))
                #expect(topics.contains("/tasks/exit"))
            }
        }

        @Test("a foreground run without auto-remove keeps the container and not the task")
        func foreground() async throws {
            try await EngineFixture.with { fixture, manager in
                let task = try await fixture.run(manager, fixture.options("a", "true"), detach: false)
                try await task.waitUntilGone()
                try await fixture.expectLeft(by: manager, ["container a", "snapshot a"])
                // It can be started again, with what it wrote before.
                let again = try await manager.engine.start(
                    fixture.key("a"), StartOptions(stdio: TaskStdio(), detach: false))
                #expect(try await again.wait().status.code == 0)
                try await again.waitUntilGone()
                try await manager.engine.delete(fixture.key("a"), keepSnapshot: false)
                try await fixture.expectLeft(by: manager, [])
            }
        }

        @Test("a running container is not deleted, a stopped one is with its task")
        func deletion() async throws {
            try await EngineFixture.with { fixture, manager in
                let task = try await fixture.run(manager, fixture.options("a", "sleep", "1000"))
                let error = await #expect(throws: EngineError.self) {
                    try await manager.engine.delete(fixture.key("a"), keepSnapshot: false)
                }
                #expect(error?.code == .failedPrecondition)
                #expect(error?.message.hasPrefix("cannot delete a non stopped container") == true)
                try await task.kill(signal: 9)
                #expect(try await task.wait().status.code == 137)
                try await manager.engine.delete(fixture.key("a"), keepSnapshot: true)
                try await fixture.expectLeft(by: manager, ["snapshot a"])
                let gone = await #expect(throws: EngineError.self) {
                    try await manager.engine.delete(fixture.key("a"), keepSnapshot: false)
                }
                #expect(gone?.code == .notFound)
            }
        }

        @Test("a command that does not exist leaves nothing, not even the container")
        func badCommand() async throws {
            try await EngineFixture.with { fixture, manager in
                let error = await #expect(throws: EngineError.self) {
                    try await fixture.run(manager, fixture.options("a", "/no/such/program"))
                }
                #expect(error?.description.contains("/no/such/program") == true)
                try await fixture.expectLeft(by: manager, [])
            }
        }

        @Test("a pid file that cannot be written leaves nothing")
        func badPidFile() async throws {
            try await EngineFixture.with { fixture, manager in
                await #expect(throws: EngineError.self) {
                    try await manager.engine.run(
                        fixture.options("a", "true"),
                        start: StartOptions(stdio: TaskStdio(), detach: true, pidFile: "/no/such/folder/pid"),
                        autoRemove: false, in: fixture.namespace)
                }
                try await fixture.expectLeft(by: manager, [])
            }
        }

        @Test("of many runs of one id exactly one wins")
        func race() async throws {
            try await EngineFixture.with { fixture, manager in
                let outcomes = await withTaskGroup(of: ErrorCode?.self) { group in
                    for _ in 0..<8 {
                        group.addTask {
                            do {
                                _ = try await fixture.run(manager, fixture.options("a", "sleep", "1000"))
                                return nil
                            } catch {
                                return EngineError(wrapping: error).code
                            }
                        }
                    }
                    return await group.reduce(into: []) { $0.append($1) }
                }
                #expect(outcomes.filter { $0 == nil }.count == 1)
                #expect(outcomes.filter { $0 == .alreadyExists }.count == 7)
                try await manager.tasks.task(fixture.namespace, ContainerID("a")).delete(force: true)
            }
        }

        @Test("runs of a plain directory use it as it is, and never remove it")
        func rootDirectory() async throws {
            try await EngineFixture.with { fixture, manager in
                let root = "\(fixture.folder)/plain"
                for part in ["", "/bin", "/proc", "/dev", "/sys", "/run"] { mkdir(root + part, 0o755) }
                try FileManager.default.copyItem(atPath: "/bin/busybox", toPath: "\(root)/bin/sh")
                var options = fixture.options("a", "sh", "-c", "echo here > /file; exit 5")
                options.image = root
                options.rootfs = true
                let task = try await fixture.run(manager, options, detach: false, autoRemove: true)
                #expect(try await task.wait().status.code == 5)
                try await task.waitUntilGone()
                #expect(try String(contentsOfFile: "\(root)/file", encoding: .utf8) == "here\n")
                try await fixture.expectLeft(by: manager, [])
            }
        }

        struct Wrong: Sendable, CustomTestStringConvertible {
            var testDescription: String
            var words: [String]
            var change: @Sendable (inout Swctr_V1_ContainerOptions) -> Void

            init(
                _ what: String, _ words: [String],
                _ change: @escaping @Sendable (inout Swctr_V1_ContainerOptions) -> Void
            ) {
                testDescription = what
                self.words = words
                self.change = change
            }
        }

        static let wrong = [
            Wrong("an id", ["../a"]) { $0.id = "../a" },
            Wrong("an image", ["nobody/knows:this"]) { $0.image = "nobody/knows:this" },
            Wrong("no image", ["image"]) { $0.image = "" },
            Wrong("a platform", ["windows"]) { $0.platform = "windows/arm64" },
            Wrong("a runtime", ["containerd-shim-no-v9"]) { $0.runtime.name = "io.containerd.no.v9" },
            Wrong("a snapshotter", ["zfs"]) { $0.snapshotter = "zfs" },
            Wrong("a user", ["nobodyknows"]) { $0.user = "nobodyknows" },
            Wrong("a working directory", ["relative"]) { $0.cwd = "relative" },
            Wrong("a mount's source", ["/no/such/source"]) {
                $0.mounts = [
                    .with {
                        $0.type = "bind"
                        $0.source = "/no/such/source"
                        $0.destination = "/x"
                    }
                ]
            },
            Wrong("a root directory", ["/no/such/root"]) {
                $0.rootfs = true
                $0.image = "/no/such/root"
            },
            Wrong("several things", ["hostname", "\"=x\"", "/no/such/source", "\"..\""]) {
                $0.id = ".."
                $0.hostname = String(repeating: "h", count: 65)
                $0.env = ["=x"]
                $0.mounts = [
                    .with {
                        $0.type = "bind"
                        $0.source = "/no/such/source"
                        $0.destination = "/x"
                    }
                ]
            },
            Wrong("options of another runtime", ["--runc-binary", "io.containerd.kata.v2"]) {
                $0.runtime.name = "io.containerd.kata.v2"
                $0.runtime.options.typeURL = "containerd.runc.v1.Options"
                // binary_name, field 6: "crun".
                $0.runtime.options.value = Data([0x32, 4] + Array("crun".utf8))
            },
        ]

        @Test("what is wrong is refused by name, and nothing was made")
        func refusals() async throws {
            try await EngineFixture.with { fixture, manager in
                for wrong in Self.wrong {
                    var options = fixture.options("a", "true")
                    wrong.change(&options)
                    let request = options
                    for isRun in [true, false] {
                        let error = await #expect(throws: EngineError.self, "\(wrong.testDescription)") {
                            if isRun {
                                _ = try await fixture.run(manager, request)
                            } else {
                                _ = try await manager.engine.create(request, in: fixture.namespace)
                            }
                        }
                        for word in wrong.words {
                            #expect(
                                error?.description.contains(word) == true,
                                "\(wrong.testDescription): \(error?.description ?? "no error")")
                        }
                    }
                    try await fixture.expectLeft(by: manager, [], "\(wrong.testDescription)")
                }
            }
        }
    }
}
