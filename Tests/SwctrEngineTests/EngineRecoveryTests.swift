import Foundation
import SwctrCore
import SwctrEngine
import SwctrImages
import SwctrLinux
import SwctrMetadata
import SwctrProto
import SwctrTasks
import SwctrTestSupport
import Testing

@testable import SwctrService

extension EngineSuite {
    /// A manager may die between any two steps: each test makes what the steps before had made, and starts the next one.
    @Suite("What the next manager finds")
    struct EngineRecoveryTests {
        private func row(
            _ fixture: EngineFixture, _ id: String, autoRemove: Bool = false
        ) throws -> ContainerRecord {
            ContainerRecord(
                namespace: fixture.namespace, id: try ContainerID(id), image: TestImage.name,
                runtimeName: "io.containerd.runc.v2", spec: Data("{}".utf8), snapshotter: "overlayfs", snapshotKey: id,
                autoRemove: autoRemove)
        }

        private func runIntent(_ fixture: EngineFixture, _ id: String) -> IntentRecord {
            IntentRecord(namespace: fixture.namespace, kind: .run, subject: id)
        }

        private func parent(_ fixture: EngineFixture, _ manager: EngineFixture.Manager) async throws -> String? {
            let namespace = fixture.namespace
            return try await manager.parts.store.read { try $0.snapshots(in: namespace).first?.key }
        }

        @Test("a run that had its rows and nothing else is undone")
        func rowsOnly() async throws {
            try await EngineFixture.with { fixture, first in
                let (record, intent) = (try row(fixture, "a"), runIntent(fixture, "a"))
                let bundle = "\(fixture.configuration.state)/tasks/\(fixture.namespace)/a"
                let task = TaskRecord(
                    namespace: record.namespace, id: record.id, runtimeName: record.runtimeName,
                    shimBinary: Build.shim, bundle: bundle)
                try await first.parts.store.write { tx in
                    try tx.createContainer(record)
                    _ = try tx.addIntent(intent)
                    try tx.createTask(task)
                }
                await fixture.stop(first)
                let second = try await fixture.start()
                try await fixture.expectLeft(by: second, [])
                await fixture.stop(second)
            }
        }

        @Test("a run that had its snapshot too is undone")
        func snapshot() async throws {
            try await EngineFixture.with { fixture, first in
                let (record, intent) = (try row(fixture, "a"), runIntent(fixture, "a"))
                try await first.parts.store.write { tx in
                    try tx.createContainer(record)
                    _ = try tx.addIntent(intent)
                }
                _ = try await first.parts.snapshots.prepare(
                    fixture.namespace, snapshotter: "overlayfs", key: "a", parent: try await parent(fixture, first))
                await fixture.stop(first)
                let second = try await fixture.start()
                try await fixture.expectLeft(by: second, [])
                await fixture.stop(second)
            }
        }

        @Test("a container that was to go with its task goes, one that was made to stay stays")
        func autoRemove() async throws {
            try await EngineFixture.with { fixture, first in
                let (goes, stays) = (try row(fixture, "goes", autoRemove: true), try row(fixture, "stays"))
                try await first.parts.store.write { tx in
                    try tx.createContainer(goes)
                    try tx.createContainer(stays)
                }
                await fixture.stop(first)
                let second = try await fixture.start()
                try await fixture.expectLeft(by: second, ["container stays"])
                await fixture.stop(second)
            }
        }

        @Test("a run that had come to run goes on, and is removed at its end as was asked")
        func running() async throws {
            try await EngineFixture.with { fixture, first in
                let task = try await fixture.run(
                    first, fixture.options("a", "sleep", "1000"), detach: false, autoRemove: true)
                let before = try await task.snapshot()
                // As if the word that it runs had been lost.
                let intent = runIntent(fixture, "a")
                try await first.parts.store.write { tx in
                    _ = try tx.addIntent(intent)
                    guard var row = try tx.task(task.namespace, task.id) else { return }
                    row.status = .creating
                    row.pid = nil
                    row.shimAddress = ""
                    try tx.updateTask(row)
                }
                await fixture.stop(first)
                let second = try await fixture.start()
                let found = try second.tasks.task(task.namespace, task.id)
                #expect(try await found.snapshot() == before)
                try await found.kill(signal: 9)
                #expect(try await found.wait().status.code == 137)
                try await found.waitUntilGone()
                try await fixture.expectLeft(by: second, [])
                await fixture.stop(second)
            }
        }

        @Test("an exit while nobody listened is kept for whoever comes back for it, and the container removed")
        func exitMeanwhile() async throws {
            try await EngineFixture.with { fixture, first in
                let task = try await fixture.run(
                    first, fixture.options("a", "sh", "-c", "trap 'exit 9' TERM; while :; do sleep 0.05; done"),
                    detach: false, autoRemove: true)
                let process = try PidFD(of: Int32(try await task.snapshot().pid))
                await fixture.stop(first)
                // The first process of a pid namespace gets only signals that it handles: until it does, again.
                while !process.waitForEnd(timeout: .milliseconds(50)) { try? process.send(15) }
                let second = try await fixture.start()
                #expect(try await second.tasks.wait(task.namespace, task.id, execID: nil).status.code == 9)
                if let left = try? second.tasks.task(task.namespace, task.id) { try await left.waitUntilGone() }
                try await fixture.expectLeft(by: second, [])
                await fixture.stop(second)
            }
        }
    }
}
