import SwctrCore
import SwctrLinux
import Testing

@Suite("Facts of the host")
struct HostFactsTests {
    @Test("capability masks become the names that runtimes take")
    func capabilityNames() {
        #expect(Capabilities.names(in: 0) == [])
        #expect(Capabilities.names(in: 1 << 21 | 1) == ["CAP_CHOWN", "CAP_SYS_ADMIN"])
        #expect(Capabilities.names(in: .max).count == 41)
    }

    @Test("this process's capabilities can be read")
    func current() throws {
        #expect(try Capabilities.current().allSatisfy { $0.hasPrefix("CAP_") })
    }

    @Test("/dev/null is listed with its numbers, terminals and shm are not")
    func devices() throws {
        let nodes = try DeviceNode.all(below: "/dev")
        let null = try #require(nodes.first { $0.path == "/dev/null" })
        #expect(null.type == "c" && null.major == 1 && null.minor == 3)
        #expect(!nodes.contains { $0.path.hasPrefix("/dev/pts/") || $0.path.hasPrefix("/dev/shm/") })
    }

    @Test("a file over the limit is refused, a missing one is not found")
    func textFiles() {
        let large = #expect(throws: EngineError.self) { try TextFile.read("/proc/self/status", limit: 10) }
        #expect(large?.code == .resourceExhausted)
        let missing = #expect(throws: EngineError.self) { try TextFile.read("/no/such/file", limit: 10) }
        #expect(missing?.code == .notFound)
    }
}
