import Glibc
import SwctrCore
import SwctrService
import Testing

@Suite("Instance lock")
struct InstanceLockTests {
    @Test("a root folder has one manager, and a refusal names it")
    func exclusive() throws {
        try TemporaryFolder.with { folder in
            let held = try InstanceLock.acquire(root: folder)
            let refused = #expect(throws: EngineError.self) { _ = try InstanceLock.acquire(root: folder) }
            #expect(refused?.code == .failedPrecondition)
            #expect(refused?.message == "another swctrd works on it (pid \(getpid()))")
            _ = consume held
            _ = try InstanceLock.acquire(root: folder)
        }
    }

    @Test("a folder that is not there is an error of its own")
    func missing() {
        let error = #expect(throws: EngineError.self) { _ = try InstanceLock.acquire(root: "/no/such/folder") }
        #expect(error?.code == .notFound)
    }
}
