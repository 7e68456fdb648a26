import Glibc
public import SwctrCore

/// Tells the service manager how far we are (sd_notify(3)), without libsystemd: one datagram with `KEY=VALUE` lines.
public struct ServiceNotification: Sendable {
    /// Path of the manager's socket, `@…` for an abstract one; nil when nobody wants to know.
    private let address: String?

    /// Takes `NOTIFY_SOCKET` out of the environment, so that no child speaks in our name. Call it before there are
    /// threads.
    public static func takeFromEnvironment() -> ServiceNotification {
        guard let value = getenv("NOTIFY_SOCKET") else { return ServiceNotification(address: nil) }
        let address = String(cString: value)
        unsetenv("NOTIFY_SOCKET")
        return ServiceNotification(address: address)
    }

    /// - Parameter address: as in `NOTIFY_SOCKET`; nil sends nothing.
    public init(address: String?) { self.address = address }

    /// Clients are served from now on.
    public func ready() throws(EngineError) { try send("READY=1") }

    /// We were told to end, and do.
    public func stopping() throws(EngineError) { try send("STOPPING=1") }

    /// - Throws: `.invalidArgument` for an address that is none, else what the kernel refused.
    private func send(_ text: String) throws(EngineError) {
        guard let address else { return }
        var path = Array(address.utf8)
        guard let first = path.first, first == UInt8(ascii: "/") || first == UInt8(ascii: "@"), path.count > 1,
            path.count <= UnixSocket.maximumPathLength
        else {
            throw EngineError(
                .invalidArgument, subject: "NOTIFY_SOCKET \"\(address)\"", message: "is no path and no @name")
        }
        if first == UInt8(ascii: "@") { path[0] = 0 }
        let number = try retryingInterrupts("create socket", subject: address) {
            socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        }
        let sender = OwnedFD(adopting: number)
        var target = sockaddr_un()
        target.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &target.sun_path) { $0.copyBytes(from: path) }
        // An abstract name ends where the length says.
        let length = socklen_t(MemoryLayout<sa_family_t>.size + path.count)
        let bytes = Array(text.utf8)
        try retryingInterrupts("notify", subject: address) {
            withUnsafePointer(to: &target) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    sendto(sender.number, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, length)
                }
            }
        }
    }
}
