import Foundation

/// The receiving end of `sd_notify`: how a daemon says that it is ready, without anyone asking it again and again.
public final class NotifySocket {
    public let path: String
    private let descriptor: Descriptor

    init(at path: String) throws {
        self.path = path
        descriptor = try Descriptor(
            socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0), "notify socket")
        var address = try UnixAddress(path)
        unlink(path)
        let result = address.withPointer { bind(descriptor.number, $0, $1) }
        guard result == 0 else { throw TestFailure("bind \(path): errno \(errno)") }
    }

    /// Waits until `READY=1` comes, or `process` ends.
    func awaitReady(of process: pid_t, within limit: Duration) throws {
        let end = try Descriptor.process(process)
        let deadline = Patience.deadline(after: limit)
        while true {
            let found = awaitReadiness(
                [(descriptor.number, Int16(POLLIN)), (end.number, Int16(POLLIN))], until: deadline)
            if found[0] != 0 {
                var buffer = [UInt8](repeating: 0, count: 4096)
                let count = recv(descriptor.number, &buffer, buffer.count, 0)
                let text = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
                if text.split(separator: "\n").contains("READY=1") { return }
            } else if found[1] != 0 {
                throw TestFailure("process \(process) ended before it was ready")
            } else {
                throw TestFailure("process \(process) was not ready in \(limit)")
            }
        }
    }
}

/// The address of a Unix socket in the kernel's form.
struct UnixAddress {
    private var address = sockaddr_un()

    init(_ path: String) throws {
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        guard bytes.count < capacity else { throw TestFailure("socket path too long: \(path)") }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    }

    mutating func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
