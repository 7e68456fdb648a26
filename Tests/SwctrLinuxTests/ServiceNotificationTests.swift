import Glibc
import SwctrCore
import SwctrLinux
import Testing

@Suite("Service notification")
struct ServiceNotificationTests {
    /// Binds a datagram socket, lets `body` send to it, and reads what came.
    func received(at name: String, _ body: (ServiceNotification) throws -> Void) throws -> String {
        let receiver = OwnedFD(adopting: socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0))
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var path = Array(name.utf8)
        if name.hasPrefix("@") { path[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + path.count)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(receiver.number, $0, length) }
        }
        #expect(result == 0)
        defer { unlink(name) }
        try body(ServiceNotification(address: name))
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = recv(receiver.number, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }

    @Test("states reach the socket, in the file system or abstract", arguments: ["/tmp/swctr-notify", "@swctr-notify"])
    func delivered(prefix: String) throws {
        let name = "\(prefix)-\(getpid())"
        #expect(try received(at: name) { try $0.ready() } == "READY=1")
        #expect(try received(at: name) { try $0.stopping() } == "STOPPING=1")
    }

    @Test("without a service manager nothing is sent, and nothing fails")
    func nobody() throws {
        try ServiceNotification(address: nil).ready()
    }

    @Test("an address that is none is refused", arguments: ["", "relative", "/", "@"])
    func refused(address: String) {
        let error = #expect(throws: EngineError.self) { try ServiceNotification(address: address).ready() }
        #expect(error?.code == .invalidArgument)
    }

    @Test("a service manager that is gone is an error, not a signal")
    func gone() {
        #expect(throws: EngineError.self) { try ServiceNotification(address: "/tmp/swctr-nobody").ready() }
    }
}
