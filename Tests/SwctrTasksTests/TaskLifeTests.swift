import Foundation
import SwctrCore
import SwctrLinux
import SwctrMetadata
import SwctrProto
import SwctrTestSupport
import SwiftProtobuf
import Testing

@testable import SwctrTasks

extension RealShims {
    @Suite("A task's life under real shims")
    struct TaskLifeTests {
        @Test("runs, tells its exit, and leaves nothing behind", arguments: ShimKind.installed)
        func exit(kind: ShimKind) async throws {
            try await TaskFixture.with { fixture, manager in
                let events = manager.bus.subscribe()
                let task = try await fixture.run(manager, kind, "a", ["sh", "-c", "echo out; exit 42"])
                let exit = try await task.wait()
                #expect(exit.status.code == 42)
                #expect(exit.reason == "")
                let stopped = try await task.snapshot()
                #expect(stopped.status == .stopped)
                #expect(stopped.pid != 0)
                #expect(stopped.shimPid != 0)
                #expect(try await task.delete(force: false) == exit)
                #expect(fixture.output("a") == "out\n")
                try await fixture.expectNothingLeft(of: "a", shimPid: stopped.shimPid)
                // Asked too late, the answer is still known.
                #expect(try await manager.tasks.wait(fixture.namespace, task.id, execID: nil) == exit)

                var topics: [String] = []
                for try await event in events {
                    topics.append(event.topic)
                    #expect(event.namespace == fixture.namespace.rawValue)
                    if event.topic == "/tasks/delete" { break }
                }
                #expect(topics == ["/tasks/create", "/tasks/start", "/tasks/exit", "/tasks/delete"])
            }
        }

        @Test("a running task is not deleted unless forced; death by signal is 128+n", arguments: ShimKind.installed)
        func force(kind: ShimKind) async throws {
            try await TaskFixture.with { fixture, manager in
                let task = try await fixture.run(manager, kind, "a", ["sleep", "1000"])
                let error = await #expect(throws: EngineError.self) { try await task.delete(force: false) }
                #expect(error?.code == .failedPrecondition)
                #expect(error?.message == "task must be stopped before deletion: running")
                await #expect(throws: EngineError.self) { try await fixture.run(manager, kind, "a", ["true"]) }
                #expect(try await task.delete(force: true)?.status.code == 137)
                try await fixture.expectNothingLeft(of: "a")
            }
        }

        @Test("pauses, resumes, lists processes, and is killed while paused", arguments: ShimKind.installed)
        func pause(kind: ShimKind) async throws {
            try await TaskFixture.with { fixture, manager in
                let task = try await fixture.run(manager, kind, "a", ["sleep", "1000"])
                let pid = try await task.snapshot().pid
                #expect(try await task.processes().map(\.pid) == [pid])
                try await task.pause()
                #expect(try await task.snapshot().status == .paused)
                await #expect(throws: EngineError.self) { try await task.pause() }
                try await task.resume()
                #expect(try await task.snapshot().status == .running)
                try await task.pause()
                #expect(try await task.delete(force: true)?.status.code == 137)
                try await fixture.expectNothingLeft(of: "a")
            }
        }

        @Test("runs further processes in it, each with its own end", arguments: ShimKind.installed)
        func exec(kind: ShimKind) async throws {
            try await TaskFixture.with { fixture, manager in
                let task = try await fixture.run(manager, kind, "a", ["sleep", "1000"])
                let name = try ExecID("e1")
                let pid = try await task.exec(
                    name, process: fixture.process(["sh", "-c", "exit 9"]), stdio: TaskStdio(), deleteOnExit: false)
                #expect(pid != 0)
                await #expect(throws: EngineError.self) {
                    try await task.exec(name, process: [], stdio: TaskStdio(), deleteOnExit: false)
                }
                #expect(try await task.wait(for: name).status.code == 9)
                #expect(try await task.snapshot().status == .running)
                #expect(try await task.delete(name, force: false)?.status.code == 9)
                let gone = await #expect(throws: EngineError.self) { try await task.snapshot(of: name) }
                #expect(gone?.code == .notFound)
                // One that cannot start leaves its name free.
                await #expect(throws: EngineError.self) {
                    try await task.exec(
                        name, process: fixture.process(["/nowhere"]), stdio: TaskStdio(), deleteOnExit: false)
                }
                #expect(
                    try await task.exec(
                        name, process: fixture.process(["true"]), stdio: TaskStdio(), deleteOnExit: true) != 0)
                #expect(try await manager.tasks.wait(fixture.namespace, task.id, execID: name).status.code == 0)
                // Who was told of the end finds the name free.
                for _ in 0..<5 {
                    _ = try await task.exec(
                        name, process: fixture.process(["true"]), stdio: TaskStdio(), deleteOnExit: true)
                    #expect(try await manager.tasks.wait(fixture.namespace, task.id, execID: name).status.code == 0)
                }
                try await task.delete(force: true)
                try await fixture.expectNothingLeft(of: "a")
            }
        }

        @Test("a command that does not exist is an error that leaves nothing", arguments: ShimKind.installed)
        func badCommand(kind: ShimKind) async throws {
            try await TaskFixture.with { fixture, manager in
                let error = await #expect(throws: EngineError.self) {
                    try await fixture.run(manager, kind, "a", ["/no/such/program"])
                }
                #expect(error?.description.contains("/no/such/program") == true, "\(String(describing: error))")
                try await fixture.expectNothingLeft(of: "a")
            }
        }

        @Test("a task that nobody waits for deletes itself where that was asked", arguments: ShimKind.installed)
        func deleteOnExit(kind: ShimKind) async throws {
            try await TaskFixture.with { fixture, manager in
                let task = try await fixture.run(manager, kind, "a", ["sh", "-c", "exit 3"], deleteOnExit: true)
                try await task.waitUntilGone()
                #expect(try await manager.tasks.wait(fixture.namespace, task.id, execID: nil).status.code == 3)
                try await fixture.expectNothingLeft(of: "a")
            }
        }

        @Test("twenty at once, each with its own status", arguments: ShimKind.installed)
        func many(kind: ShimKind) async throws {
            try await TaskFixture.with { fixture, manager in
                try await withThrowingTaskGroup(of: (Int, UInt32).self) { group in
                    for number in 0..<20 {
                        group.addTask {
                            let task = try await fixture.run(
                                manager, kind, "c\(number)", ["sh", "-c", "exit \(number + 1)"], deleteOnExit: true)
                            let exit = try await task.wait()
                            try await task.waitUntilGone()
                            return (number, exit.status.code)
                        }
                    }
                    for try await (number, status) in group { #expect(status == UInt32(number + 1)) }
                }
                #expect(try await fixture.rows() == 0)
                #expect(manager.tasks.tasks().isEmpty)
            }
        }

        @Test("of many creations of one id exactly one wins")
        func race() async throws {
            try await TaskFixture.with { fixture, manager in
                let kind = try #require(ShimKind.installed.first)
                let winners = await withTaskGroup(of: Bool.self) { group in
                    for _ in 0..<8 {
                        group.addTask { (try? await fixture.run(manager, kind, "a", ["sleep", "1000"])) != nil }
                    }
                    return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
                }
                #expect(winners == 1)
                try await manager.tasks.task(fixture.namespace, ContainerID("a")).delete(force: true)
                try await fixture.expectNothingLeft(of: "a")
            }
        }
    }
}
