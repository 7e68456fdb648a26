import Glibc
import SwctrProto
import SwctrWire
import SwiftProtobuf

/// A bare connection to a manager or a shim: sends what it is told to, well-formed or not.
public final class WirePeer {
    private let socket: Descriptor
    private var decoder = FrameDecoder()
    private var unread: ArraySlice<UInt8> = []
    private var nextStream: UInt32 = 1

    public init(to path: String) throws {
        socket = try Descriptor(
            Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0), "socket")
        var address = try UnixAddress(path)
        guard address.withPointer({ connect(socket.number, $0, $1) }) == 0 else {
            throw TestFailure("connect \(path): errno \(errno)")
        }
        socket.setNonBlocking()
    }

    /// Sends bytes as they are.
    ///
    /// - Returns: false when the peer has closed the connection.
    public func send(_ bytes: [UInt8], within limit: Duration = .seconds(10)) throws -> Bool {
        let deadline = Patience.deadline(after: limit)
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(socket.number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                // A peer that waits for its answers to be taken must not wait for ever.
                guard try takeIn() else { return false }
                if awaitReadiness([(socket.number, Int16(POLLOUT | POLLIN))], until: deadline)[0] == 0 {
                    throw TestFailure("the peer took nothing for \(limit)")
                }
            } else if errno != EINTR {
                return false
            }
        }
        return true
    }

    /// The next frame; nil when the peer has closed the connection.
    public func receive(within limit: Duration = .seconds(10)) throws -> Frame? {
        let deadline = Patience.deadline(after: limit)
        while true {
            switch decoder.next(from: &unread) {
            case .frame(let frame): return frame
            case .oversized(let header): throw TestFailure("the peer sent a frame of \(header.length) bytes")
            case nil: break
            }
            if awaitReadiness([(socket.number, Int16(POLLIN))], until: deadline)[0] == 0 {
                throw TestFailure("no answer in \(limit)")
            }
            if !(try takeIn()) && unread.isEmpty { return nil }
        }
    }

    /// One unary call.
    ///
    /// - Throws: `RPCStatus` for an answer that is an error; `TestFailure` for none.
    public func call<Answer: Message>(
        _ service: String, _ method: String, _ message: some Message, returning: Answer.Type = Answer.self,
        namespace: String = "default", within limit: Duration = .seconds(10)
    ) throws -> Answer {
        let stream = nextStream
        nextStream += 2
        let request = try Ttrpc_Request(
            service: service, method: method, message: message, metadata: [Metadata.namespaceKey: namespace])
        let frame = Frame(streamID: stream, kind: .request, body: try request.serializedBytes())
        guard try send(frame.encoded, within: limit) else { throw TestFailure("\(method): the connection is closed") }
        while let answer = try receive(within: limit) {
            guard answer.streamID == stream, answer.kind == .response else { continue }
            let response = try Ttrpc_Response(serializedBytes: answer.body)
            if let status = RPCStatus(response) { throw status }
            return try Answer(serializedBytes: response.payload)
        }
        throw TestFailure("\(method): the connection was closed before an answer came")
    }

    /// Forgets what has come in.
    ///
    /// - Returns: false when the peer has closed the connection.
    public func discard() throws -> Bool {
        let open = try takeIn()
        while decoder.next(from: &unread) != nil {}
        return open
    }

    private func takeIn() throws -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(socket.number, &chunk, chunk.count, 0)
            if count > 0 {
                unread += chunk[..<count]
            } else if count < 0 && errno == EAGAIN {
                return true
            } else if count == 0 || errno != EINTR {
                return false
            }
        }
    }
}
