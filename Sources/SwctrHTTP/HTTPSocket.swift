import Glibc
import SwctrCore
import SwctrLinux

/// A byte stream to a server, plain or under TLS, with a limit to each wait.
final class HTTPSocket {
    private let descriptor: OwnedFD
    private var tls: TLSSession?
    private let name: String

    /// Connects to the first address of the host that answers.
    ///
    /// - Throws: `.unavailable` that names the host and says why.
    init(host: String, port: UInt16, limit: Duration, _ cancellation: Cancellation) throws(EngineError) {
        name = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        descriptor = try Self.connect(
            to: try Self.addresses(of: host, port: port), name: name, within: limit, cancellation)
    }

    /// Goes on under TLS.
    func secure(
        _ context: TLSContext, host: String, limit: Duration, _ cancellation: Cancellation
    ) throws(EngineError) {
        let session = try TLSSession(context, descriptor: descriptor.number, host: host)
        let end = ContinuousClock.now + limit
        while true {
            guard case .wants(let interest) = try session.handshake() else { break }
            let left = ContinuousClock.now.duration(to: end)
            if try !cancellation.await(descriptor.number, interest, within: left) {
                throw stalled("TLS handshake", limit)
            }
        }
        tls = session
    }

    /// 0 at the end of the stream.
    func read(
        into buffer: UnsafeMutableRawBufferPointer, limit: Duration, _ cancellation: Cancellation
    ) throws(EngineError) -> Int {
        while true {
            var interest = PollSet.Interest.readable
            if let tls {
                switch try tls.read(into: buffer) {
                case .done(let count): return count
                case .wants(let wanted): interest = wanted
                }
            } else {
                switch SwctrLinux.read(descriptor.number, into: buffer) {
                case .moved(let count): return count
                case .ended: return 0
                case .wouldBlock: break
                case .failed(let number): throw lost(number)
                case .unsupported: throw lost(EIO)
                }
            }
            if try !cancellation.await(descriptor.number, interest, within: limit) { throw stalled("read", limit) }
        }
    }

    func write(
        all bytes: UnsafeRawBufferPointer, limit: Duration, _ cancellation: Cancellation
    ) throws(EngineError) {
        var rest = bytes
        while !rest.isEmpty {
            var interest = PollSet.Interest.writable
            if let tls {
                switch try tls.write(rest) {
                case .done(let count):
                    rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
                    continue
                case .wants(let wanted): interest = wanted
                }
            } else {
                let count = send(descriptor.number, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
                if count >= 0 {
                    rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
                    continue
                }
                if errno == EINTR { continue }
                if errno != EAGAIN { throw lost(errno) }
            }
            if try !cancellation.await(descriptor.number, interest, within: limit) { throw stalled("write", limit) }
        }
    }

    /// Whether the server has closed the stream, or sent something unasked, while it lay idle.
    var isStale: Bool {
        var byte: UInt8 = 0
        let count = recv(
            descriptor.number, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT))
        return !(count < 0 && errno == EAGAIN)
    }

    private func lost(_ number: Int32) -> EngineError {
        EngineError(.unavailable, operation: "talk", subject: name, message: describeErrno(number))
    }

    private func stalled(_ operation: String, _ limit: Duration) -> EngineError {
        EngineError(
            .deadlineExceeded, operation: operation, subject: name,
            message: "nothing moved for \(limit.components.seconds) s")
    }

    // MARK: Connecting

    private struct Address: Sendable {
        var family: Int32
        var bytes: [UInt8]
    }

    private static func addresses(of host: String, port: UInt16) throws(EngineError) -> [Address] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = Int32(AI_ADDRCONFIG)
        // An address of this very machine must work also where no other interface is up.
        if host == "localhost" || host.contains(":") || host.hasPrefix("127.") { hints.ai_flags = 0 }
        var list: UnsafeMutablePointer<addrinfo>?
        let result = getaddrinfo(host, "\(port)", &hints, &list)
        defer { if let list { freeaddrinfo(list) } }
        if result != 0 {
            throw EngineError(
                .unavailable, operation: "look up", subject: host, message: String(cString: gai_strerror(result)))
        }
        var found: [Address] = []
        var next = list
        while let entry = next?.pointee {
            next = entry.ai_next
            guard let address = entry.ai_addr else { continue }
            found.append(
                Address(
                    family: entry.ai_family,
                    bytes: Array(UnsafeRawBufferPointer(start: address, count: Int(entry.ai_addrlen)))))
        }
        return found
    }

    private static func connect(
        to addresses: [Address], name: String, within limit: Duration, _ cancellation: Cancellation
    ) throws(EngineError) -> OwnedFD {
        let end = ContinuousClock.now + limit
        var failure = EngineError(.unavailable, operation: "connect", subject: name, message: "has no address")
        for (index, address) in addresses.enumerated() {
            let left = ContinuousClock.now.duration(to: end)
            // Every address gets its share of the time, the last one all that is left.
            let share = index == addresses.count - 1 ? left : min(left, max(.seconds(2), limit / addresses.count))
            do throws(EngineError) { return try connect(to: address, name: name, within: share, cancellation) } catch {
                if error.code == .cancelled { throw error }
                failure = error
            }
        }
        throw failure
    }

    private static func connect(
        to address: Address, name: String, within limit: Duration, _ cancellation: Cancellation
    ) throws(EngineError) -> OwnedFD {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = OwnedFD(
            adopting: try retryingInterrupts("create socket", subject: name) { socket(address.family, type, 0) })
        var one: Int32 = 1
        _ = setsockopt(
            descriptor.number, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        let number = address.bytes.withUnsafeBufferPointer { bytes -> Int32 in
            guard let base = bytes.baseAddress else { return EINVAL }
            return base.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor.number, $0, socklen_t(bytes.count)) == 0 ? 0 : errno
            }
        }
        if number == 0 { return descriptor }
        if number != EINPROGRESS {
            throw EngineError(.unavailable, operation: "connect", subject: name, message: describeErrno(number))
        }
        if try !cancellation.await(descriptor.number, .writable, within: limit) {
            throw EngineError(
                .unavailable, operation: "connect", subject: name,
                message: "did not answer within \(limit.components.seconds) s")
        }
        var outcome: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        _ = getsockopt(descriptor.number, SOL_SOCKET, SO_ERROR, &outcome, &size)
        if outcome != 0 {
            throw EngineError(.unavailable, operation: "connect", subject: name, message: describeErrno(outcome))
        }
        return descriptor
    }
}
