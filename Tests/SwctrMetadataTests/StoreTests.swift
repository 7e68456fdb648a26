import Foundation
import SwctrCore
import SwctrMetadata
import Testing

@Suite("The metadata file")
struct StoreTests {
    @Test("a body that throws leaves nothing behind")
    func rollback() async throws {
        try await withStore { store in
            await #expect(throws: EngineError.self) {
                try await store.write { tx throws in
                    try tx.createContainer(.sample("c"))
                    throw EngineError(.aborted, message: "changed my mind")
                }
            }
            let (containers, namespaces) = try await store.read { (try $0.containers(), try $0.namespaces()) }
            #expect(containers.isEmpty && namespaces.isEmpty)
        }
    }

    @Test("a change inside a read is refused")
    func readOnly() async throws {
        try await withStore { store in
            await #expect(throws: EngineError.self) {
                try await store.read { try $0.createContainer(.sample("c")) }
            }
        }
    }

    @Test("a change goes through although its task was cancelled")
    func cancellation() async throws {
        try await withStore { store in
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                try await store.write { try $0.createContainer(.sample("c")) }
            }
            try await task.value
            let stored = try await store.read { try $0.containers() }
            #expect(stored.count == 1)
        }
    }

    @Test("what comes after the close is refused, and harms nothing")
    func closed() async throws {
        try await withStore { store in
            try store.close()
            for isRead in [true, false] {
                let error = await #expect(throws: EngineError.self) {
                    if isRead {
                        _ = try await store.read { try $0.containers() }
                    } else {
                        try await store.write { try $0.createContainer(.sample("c")) }
                    }
                }
                #expect(error?.code == .unavailable)
            }
        }
    }

    @Test("a second opening finds what the first stored, also without a close")
    func reopening() async throws {
        try await withStore { store in
            try await store.write { try $0.createContainer(.sample("c")) }
            let again = try MetadataStore.open(at: store.path, log: quiet)
            let stored = try await again.read { try $0.containers() }
            #expect(stored.map(\.id) == ["c"])
        }
    }

    @Test("a file that is no database is a clear error and stays as it was")
    func garbage() async throws {
        try await withStore { store in
            let path = store.path + ".garbage"
            let bytes = Data(repeating: 0x41, count: 8192)
            try bytes.write(to: URL(fileURLWithPath: path))
            let error = #expect(throws: EngineError.self) { try MetadataStore.open(at: path, log: quiet) }
            #expect(error?.code == .dataLoss)
            #expect(error?.subject == path)
            #expect(error?.hint.isEmpty == false)
            #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == bytes)
        }
    }

    @Test("a torn page is found when the file is opened")
    func tornPage() async throws {
        try await withStore { store in
            for number in 0..<200 {
                try await store.write { try $0.createContainer(.sample("c\(number)")) }
            }
            try store.close()
            let handle = try FileHandle(forUpdating: URL(fileURLWithPath: store.path))
            let size = try handle.seekToEnd()
            for page in 2..<(size / 4096) {
                try handle.seek(toOffset: page * 4096)
                try handle.write(contentsOf: Data(repeating: 0x5a, count: 1024))
            }
            try handle.close()
            let error = #expect(throws: EngineError.self) { try MetadataStore.open(at: store.path, log: quiet) }
            #expect(error?.code == .dataLoss)
        }
    }

    @Test("a folder that is missing is named")
    func missingFolder() throws {
        let error = #expect(throws: EngineError.self) {
            try MetadataStore.open(at: "/no/such/folder/metadata.sqlite", log: quiet)
        }
        #expect(error?.code == .notFound)
        #expect(error?.subject == "/no/such/folder/metadata.sqlite")
    }
}
