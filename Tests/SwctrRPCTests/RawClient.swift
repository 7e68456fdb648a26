import Glibc
import SwctrCore
import SwctrLinux
import SwctrProto
import SwctrWire
import SwiftProtobuf

/// A client that sends whatever bytes it is told to. Blocking, with a limit of ten seconds on every wait.
final class RawClient {
    private let socket: OwnedFD
    private var decoder = FrameDecoder()
    private var arrived: ArraySlice<UInt8> = []

    init(_ path: String) throws {
        socket = try UnixSocket.connect(to: path)
        var limit = timeval(tv_sec: 90, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(socket.number, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
    }

    /// False when the server has closed the connection.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(
                    socket.number, $0.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count < 0 { return false }
            sent += count
        }
        return true
    }

    /// Takes what fits into the socket's buffer, and says how much that was.
    func sendWithoutWaiting(_ bytes: [UInt8]) -> Int {
        let flags = Int32(MSG_NOSIGNAL | MSG_DONTWAIT)
        return bytes.withUnsafeBytes { Glibc.send(socket.number, $0.baseAddress, bytes.count, flags) }
    }

    func closeSending() { shutdown(socket.number, Int32(SHUT_WR)) }

    /// Lets the other side do what it will.
    func pause(milliseconds: Int32) { poll(nil, 0, milliseconds) }

    func send(_ frame: Frame) { send(frame.encoded) }

    func request(_ id: UInt32, _ method: String, _ message: some Message, flags: FrameFlags = []) throws {
        let envelope = try Ttrpc_Request(service: EchoServer.service, method: method, message: message)
        send(Frame(streamID: id, kind: .request, flags: flags, body: try envelope.serializedBytes()))
    }

    /// The next frame; nil when the server has closed the connection.
    func receive() throws -> Frame? {
        while true {
            if case .frame(let frame) = decoder.next(from: &arrived) { return frame }
            var buffer = [UInt8](repeating: 0, count: 65536)
            let count = recv(socket.number, &buffer, buffer.count, 0)
            if count == 0 || (count < 0 && errno == ECONNRESET) { return nil }
            if count < 0 { throw EngineError.system("receive", subject: "raw client") }
            arrived += buffer[..<count]
        }
    }

    /// The next frame as the status of a failed call.
    func status(of id: UInt32) throws -> RPCStatus? {
        guard let frame = try receive() else { return nil }
        guard frame.kind == .response, frame.streamID == id else { return RPCStatus(.unknown, "other frame: \(frame)") }
        return RPCStatus(try Ttrpc_Response(serializedBytes: frame.body)) ?? RPCStatus(.ok, "")
    }
}

/// Pages of memory that this process has, from /proc.
func residentPages() -> Int {
    guard let file = fopen("/proc/self/statm", "re") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 128)
    guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
    let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    return Int(text.split(separator: " ").dropFirst().first ?? "0") ?? 0
}
