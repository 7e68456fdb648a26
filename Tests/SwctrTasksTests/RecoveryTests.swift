import Foundation
import Glibc
import SwctrCore
import SwctrLinux
import SwctrMetadata
import SwctrProto
import SwctrRuntime
import SwctrTestSupport
import SwiftProtobuf
import Testing

@testable import SwctrTasks

extension RealShims {
    @Suite("What outlives a manager or a shim")
    struct RecoveryTests {
        @Test("a new manager finds what runs, and how it ended what does not", arguments: ShimKind.installed)
        func restart(kind: ShimKind) async throws {
            try await TaskFixture.with { fixture, first in
                let gate = "\(fixture.folder)/rootfs/gate"
                let runs = try await fixture.run(first, kind, "runs", ["sleep", "1000"])
                let ends = try await fixture.run(
                    first, kind, "ends", ["sh", "-c", "until [ -e /gate ]; do sleep 0.02; done; exit 42"])
                let gone = try await fixture.run(
                    first, kind, "gone", ["sh", "-c", "until [ -e /gate ]; do sleep 0.02; done; exit 43"],
                    deleteOnExit: true)
                let before = try await runs.snapshot()
                let endsPid = try await ends.snapshot().pid
                await fixture.stop(first)
                let process = try PidFD(of: pid_t(endsPid))
                #expect(FileManager.default.createFile(atPath: gate, contents: nil))
                expectEnd(of: process)

                let bus = EventBus()
                let events = bus.subscribe()
                let second = try await fixture.startManager(bus: bus)
                try await second.tasks.recover()
                let found = try second.tasks.task(fixture.namespace, runs.id)
                #expect(try await found.snapshot() == before)
                let other = try second.tasks.task(fixture.namespace, ends.id)
                #expect(try await other.wait().status.code == 42)
                #expect(try await second.tasks.wait(fixture.namespace, gone.id, execID: nil).status.code == 43)
                if let left = try? second.tasks.task(fixture.namespace, gone.id) { try await left.waitUntilGone() }

                try await other.delete(force: false)
                #expect(try await found.delete(force: true)?.status.code == 137)
                #expect(second.tasks.tasks().isEmpty)
                #expect(try await fixture.rows() == 0)
                second.bus.close()
                var exits: [String: [UInt32]] = [:]
                for try await event in events where event.topic == "/tasks/exit" {
                    let exit = try Containerd_Events_TaskExit(serializedBytes: event.event.value)
                    exits[exit.containerID, default: []].append(exit.exitStatus)
                }
                #expect(exits == ["ends": [42], "gone": [43], "runs": [137]], "each exit is told once")
                await fixture.stop(second)
            }
        }

        @Test("execs go on too", arguments: ShimKind.installed)
        func execs(kind: ShimKind) async throws {
            try await TaskFixture.with { fixture, first in
                let task = try await fixture.run(first, kind, "a", ["sleep", "1000"])
                let name = try ExecID("e1")
                _ = try await task.exec(
                    name, process: fixture.process(["sh", "-c", "until [ -e /gate ]; do sleep 0.02; done; exit 5"]),
                    stdio: TaskStdio(), deleteOnExit: false)
                await fixture.stop(first)
                let second = try await fixture.startManager()
                try await second.tasks.recover()
                let found = try second.tasks.task(fixture.namespace, task.id)
                #expect(try await found.snapshot(of: name).status == .running)
                #expect(FileManager.default.createFile(atPath: "\(fixture.folder)/rootfs/gate", contents: nil))
                #expect(try await found.wait(for: name).status.code == 5)
                try await found.delete(force: true)
                try await fixture.expectNothingLeft(of: "a")
                await fixture.stop(second)
            }
        }

        @Test(
            "a shim that is killed takes its container along; the end is recorded with its reason",
            arguments: ShimKind.installed)
        func lostShim(kind: ShimKind) async throws {
            try await TaskFixture.with { fixture, manager in
                let events = manager.bus.subscribe()
                let task = try await fixture.run(manager, kind, "a", ["sleep", "1000"])
                let running = try await task.snapshot()
                let process = try PidFD(of: pid_t(running.pid))
                try PidFD(of: pid_t(running.shimPid)).send(SIGKILL)
                let exit = try await task.wait()
                #expect(exit.status.code == (kind == .runcV1 ? 255 : 137) || exit.status.code == 137)
                #expect(exit.reason.contains("shim died"))
                expectEnd(of: process)
                #expect(try await task.snapshot().status == .stopped)
                #expect(try await task.delete(force: false) == exit)
                try await fixture.expectNothingLeft(of: "a")
                var topics: [String] = []
                for try await event in events {
                    topics.append(event.topic)
                    if event.topic == "/tasks/delete" { break }
                }
                #expect(topics.suffix(2) == ["/tasks/exit", "/tasks/delete"])
            }
        }

        @Test("a shim that died while no manager ran is cleaned up after", arguments: ShimKind.installed)
        func lostMeanwhile(kind: ShimKind) async throws {
            try await TaskFixture.with { fixture, first in
                let task = try await fixture.run(first, kind, "a", ["sleep", "1000"])
                let running = try await task.snapshot()
                await fixture.stop(first)
                let process = try PidFD(of: pid_t(running.pid))
                let shim = try PidFD(of: pid_t(running.shimPid))
                try shim.send(SIGKILL)
                expectEnd(of: shim)
                let second = try await fixture.startManager()
                try await second.tasks.recover()
                let found = try second.tasks.task(fixture.namespace, task.id)
                #expect(try await found.wait().reason.contains("shim died"))
                expectEnd(of: process)
                try await found.delete(force: false)
                try await fixture.expectNothingLeft(of: "a")
                await fixture.stop(second)
            }
        }

        @Test("our own shim's exit record survives the shim")
        func exitRecord() async throws {
            try #require(ShimKind.own.runtime != nil)
            try await TaskFixture.with { fixture, first in
                let task = try await fixture.run(
                    first, .own, "a", ["sh", "-c", "until [ -e /gate ]; do sleep 0.02; done; exit 42"])
                let running = try await task.snapshot()
                await fixture.stop(first)
                let process = try PidFD(of: pid_t(running.pid))
                let watch = try DirectoryWatch(running.bundle)
                #expect(FileManager.default.createFile(atPath: "\(fixture.folder)/rootfs/gate", contents: nil))
                expectEnd(of: process)
                while access("\(running.bundle)/exit", F_OK) != 0 {
                    var entry = pollfd(fd: watch.descriptor, events: Int16(POLLIN), revents: 0)
                    #expect(poll(&entry, 1, 10_000) == 1)
                    watch.drain()
                }
                let shim = try PidFD(of: pid_t(running.shimPid))
                try shim.send(SIGKILL)
                expectEnd(of: shim)
                let second = try await fixture.startManager()
                try await second.tasks.recover()
                let exit = try await second.tasks.task(fixture.namespace, task.id).wait()
                #expect(exit.status.code == 42)
                #expect(exit.reason == "", "it is the true status, and no guess")
                try await second.tasks.task(fixture.namespace, task.id).delete(force: false)
                try await fixture.expectNothingLeft(of: "a")
                await fixture.stop(second)
            }
        }

        private func expectEnd(of process: borrowing PidFD, _ location: SourceLocation = #_sourceLocation) {
            let ended = process.waitForEnd(timeout: .seconds(20))
            #expect(ended, "process \(process.pid) has ended", sourceLocation: location)
        }

        /// The manager may be killed after any step of a creation: each of these leaves what the steps before had made.
        enum Step: CaseIterable, Sendable { case row, bundle, shim, container }

        @Test("what a creation had begun is undone", arguments: Step.allCases, ShimKind.installed)
        func interrupted(after step: Step, kind: ShimKind) async throws {
            try await TaskFixture.with { fixture, first in
                let request = try fixture.request(kind, "a", ["sleep", "1000"])
                let path = "\(fixture.folder)/state/tasks/\(fixture.namespace)/a"
                let bundle = SwctrTasks.Bundle(path: path)
                let record = TaskRecord(
                    namespace: request.namespace, id: request.id, runtimeName: request.runtime.name,
                    shimBinary: request.runtime.shim, bundle: path)
                let container = ContainerRecord(
                    namespace: request.namespace, id: request.id, runtimeName: request.runtime.name,
                    spec: Data(request.spec))
                try await fixture.store.write { transaction in
                    try transaction.createContainer(container)
                    try transaction.createTask(record)
                }
                if step == .container {
                    await fixture.stop(first)
                    let later = try await fixture.startManager()
                    try await fixture.store.write {
                        try $0.deleteTask(request.namespace, request.id)
                        try $0.deleteContainer(request.namespace, request.id)
                    }
                    _ = try await fixture.create(later, request)
                    await fixture.stop(later)
                } else {
                    if step != .row { try bundle.create(config: request.spec) }
                    if step == .shim {
                        let configuration = TaskConfiguration(
                            state: "\(fixture.folder)/state", address: "\(fixture.folder)/state/swctrd.sock",
                            eventsAddress: "\(fixture.folder)/state/events.sock", executable: "/bin/true",
                            environment: ProcessInfo.processInfo.environment)
                        _ = try await ShimLauncher(configuration: configuration, log: fixture.log).start(
                            request.runtime, bundle, namespace: request.namespace, id: request.id, options: nil)
                    }
                    await fixture.stop(first)
                }
                let shims = ProcessSearch.pids(inDirectory: path)
                #expect(shims.isEmpty == (step == .row || step == .bundle))
                let held = try shims.map { try PidFD(of: $0).pid }
                let second = try await fixture.startManager()
                try await second.tasks.recover()
                #expect(second.tasks.tasks().isEmpty)
                try await fixture.expectNothingLeft(of: "a")
                for pid in held {
                    if let shim = try? PidFD(of: pid) { expectEnd(of: shim) }
                }
                await fixture.stop(second)
            }
        }
    }
}
