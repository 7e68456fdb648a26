import Foundation
import SwctrCore
import SwctrMetadata
import Testing

@Suite("Records")
struct RecordTests {
    /// Whole microseconds survive `Date`'s floating point and the column's nanoseconds.
    let time = Date(timeIntervalSince1970: 1_600_000_000.25)
    let digest = Digest(sha256: [UInt8](repeating: 7, count: 32))

    @Test("every record comes back as it was stored")
    func roundTrip() async throws {
        let image = ImageRecord(
            namespace: "default", name: "docker.io/library/x:1", digest: digest, mediaType: "m", size: 12,
            labels: ["k": "v/\"ü"], createdAt: time, updatedAt: time)
        let content = ContentRecord(namespace: "default", digest: digest, size: 99, createdAt: time)
        var container = ContainerRecord.sample("c")
        container.runtimeOptions = Data([1, 2, 3])
        container.autoRemove = true
        container.createdAt = time
        container.updatedAt = time
        let task = TaskRecord(
            namespace: "default", id: container.id, runtimeName: "r", shimBinary: "/s", shimAddress: "unix:///x",
            shimVersion: 3, shimPid: 7, pid: 8, bundle: "/b", status: .stopped, stdin: "i", stdout: "o", stderr: "e",
            terminal: true, deleteOnExit: true, exitStatus: .max, exitedAt: time, exitReason: "why", createdAt: time)
        let exec = ExecRecord(
            namespace: "default", id: container.id, execID: ExecID(checked: "e"), pid: 9, terminal: true,
            status: .running, exitStatus: 1, exitedAt: time)
        let (storedContainer, intentRecord) = (
            container,
            IntentRecord(
                namespace: "default", kind: .shim, subject: "c", payload: "{\"a\":1}", createdAt: time)
        )
        try await withStore { store in
            try await store.write { tx throws in
                try tx.upsertImage(image)
                try tx.addContent(content)
                try tx.createContainer(storedContainer)
                try tx.createTask(task)
                try tx.createExec(exec)
            }
            let intent = try await store.write { try $0.addIntent(intentRecord) }
            let read = try await store.read { tx in
                (
                    try tx.images(), try tx.content(in: "default"), try tx.containers(), try tx.tasks(),
                    try tx.execs("default", storedContainer.id), try tx.intents(.shim)
                )
            }
            #expect(read.0 == [image])
            #expect(read.1 == [content])
            #expect(read.2 == [storedContainer])
            #expect(read.3 == [task])
            #expect(read.4 == [exec])
            #expect(read.5 == [intent])
            #expect(intent.id > 0)
        }
    }

    @Test("a name moves to its new target and keeps its creation time")
    func upsertMoves() async throws {
        let first = ImageRecord(
            namespace: "n", name: "x", digest: digest, mediaType: "m", size: 1, createdAt: time, updatedAt: time)
        var second = first
        second.digest = Digest(sha256: [UInt8](repeating: 8, count: 32))
        second.createdAt = Date(timeIntervalSince1970: 1)
        let moved = second
        try await withStore { store in
            try await store.write { tx throws in
                try tx.upsertImage(first)
                try tx.upsertImage(moved)
            }
            let stored = try await store.read { try $0.image("n", "x") }
            #expect(stored?.digest == moved.digest)
            #expect(stored?.createdAt == time)
        }
    }

    @Test("of two containers with one id the second is refused; another namespace may use the id")
    func duplicates() async throws {
        try await withStore { store in
            try await store.write { try $0.createContainer(.sample("c")) }
            let error = await #expect(throws: EngineError.self) {
                try await store.write { try $0.createContainer(.sample("c")) }
            }
            #expect(error?.code == .alreadyExists)
            #expect(error?.description == "container \"c\": already exists")
            try await store.write { try $0.createContainer(.sample("c", in: "other")) }
            let stored = try await store.read { try $0.containers() }
            #expect(stored.count == 2)
        }
    }

    @Test("a task needs its container, and a container with a task stays")
    func references() async throws {
        try await withStore { store in
            let orphan = await #expect(throws: EngineError.self) {
                try await store.write { try $0.createTask(.sample("c")) }
            }
            #expect(orphan?.code == .failedPrecondition)
            try await store.write { tx throws in
                try tx.createContainer(.sample("c"))
                try tx.createTask(.sample("c"))
                try tx.createExec(
                    ExecRecord(namespace: "default", id: "c", execID: ExecID(checked: "e")))
            }
            let busy = await #expect(throws: EngineError.self) {
                try await store.write { try $0.deleteContainer("default", "c") }
            }
            #expect(busy?.code == .failedPrecondition)
            try await store.write { tx throws in
                #expect(try tx.deleteTask("default", "c"))
                #expect(try tx.execs("default", "c").isEmpty)
                #expect(try tx.deleteContainer("default", "c"))
                #expect(try !tx.deleteContainer("default", "c"))
            }
        }
    }

    @Test("namespaces come with their first object and go only when empty")
    func namespaces() async throws {
        try await withStore { store in
            try await store.write { try $0.createContainer(.sample("c", in: "n")) }
            let names = try await store.read { try $0.namespaces() }.map(\.name)
            #expect(names == ["n"])
            let error = await #expect(throws: EngineError.self) {
                try await store.write { try $0.deleteNamespace("n") }
            }
            #expect(error?.code == .failedPrecondition)
            #expect(error?.message == "must be empty, but it still has 1 container")
            try await store.write { tx throws in
                try tx.deleteContainer("n", "c")
                try tx.deleteNamespace("n")
            }
            let gone = await #expect(throws: EngineError.self) {
                try await store.write { try $0.deleteNamespace("n") }
            }
            #expect(gone?.code == .notFound)
        }
    }

    @Test("intents are taken back one by one or by their subject")
    func intents() async throws {
        try await withStore { store in
            try await store.write { tx throws in
                let first = try tx.addIntent(IntentRecord(namespace: "n", kind: .mount, subject: "a"))
                _ = try tx.addIntent(IntentRecord(namespace: "n", kind: .mount, subject: "b"))
                _ = try tx.addIntent(IntentRecord(namespace: "n", kind: .shim, subject: "b"))
                #expect(try tx.intents().count == 3)
                #expect(try tx.intents(.mount).map(\.subject) == ["a", "b"])
                #expect(try tx.removeIntent(first.id))
                #expect(try !tx.removeIntent(first.id))
                #expect(try tx.removeIntents("n", .mount, subject: "b") == 1)
                #expect(try tx.intents().map(\.kind) == [.shim])
            }
        }
    }
}

extension Namespace: ExpressibleByStringLiteral {
    public init(stringLiteral value: String) { self.init(checked: value) }
}

extension ContainerID: ExpressibleByStringLiteral {
    public init(stringLiteral value: String) { self.init(checked: value) }
}
