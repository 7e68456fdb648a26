import Foundation
import SwctrCore
import SwctrLinux
import SwctrProto
import SwctrWire
import SwiftProtobuf

/// The manager's end of a connection, played by a script on a thread of its own.
final class ScriptedManager {
    /// One request that came.
    struct Call {
        let stream: UInt32
        let service: String
        let method: String
        let namespace: String
        let payload: [UInt8]

        func message<Content: Message>(_ type: Content.Type = Content.self) throws -> Content {
            try Content(serializedBytes: payload)
        }
    }

    struct Closed: Error {}

    private let fd: OwnedFD
    private var decoder = FrameDecoder()
    private var unread: ArraySlice<UInt8> = []

    init(_ fd: consuming OwnedFD) { self.fd = fd }

    /// A connected pair: the client's end is non-blocking.
    static func pair() throws -> (client: Int32, manager: Int32) {
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0 else {
            throw EngineError.system("socketpair", subject: "")
        }
        setNonblocking(ends[0])
        return (ends[0], ends[1])
    }

    /// The next frame; throws when the client has gone.
    func frame() throws -> Frame {
        while true {
            if case .frame(let frame) = decoder.next(from: &unread) { return frame }
            var buffer = [UInt8](repeating: 0, count: 65536)
            let count = Foundation.read(fd.number, &buffer, buffer.count)
            guard count > 0 else { throw Closed() }
            unread += buffer[..<count]
        }
    }

    /// The next request, whatever it is.
    func next() throws -> Call {
        while true {
            let frame = try frame()
            guard frame.kind == .request else { continue }
            let request = try Ttrpc_Request(serializedBytes: frame.body)
            return Call(
                stream: frame.streamID, service: request.service, method: request.method,
                namespace: request.metadataLists[Metadata.namespaceKey]?.first ?? "", payload: [UInt8](request.payload))
        }
    }

    /// The next request of this method; others are answered with success on the way.
    func next(_ method: String) throws -> Call {
        while true {
            let call = try next()
            if call.method == method { return call }
            try respond(call)
        }
    }

    func send(_ message: some Message, on call: Call) throws {
        write(Frame(streamID: call.stream, kind: .data, body: try message.serializedBytes()))
    }

    func end(_ call: Call) { write(Frame(streamID: call.stream, kind: .data, flags: .endOfStream)) }

    func respond(_ call: Call, _ message: any Message = Google_Protobuf_Empty()) throws {
        var response = Ttrpc_Response()
        response.payload = try message.serializedBytes()
        write(Frame(streamID: call.stream, kind: .response, body: try response.serializedBytes()))
    }

    func fail(_ call: Call, _ error: EngineError) {
        write(Frame(streamID: call.stream, kind: .response, body: RPCStatus(error).responseBody))
    }

    func started(_ call: Call, pid: UInt32 = 42) throws {
        var event = Swctr_V1_ProcessEvent()
        event.started.pid = pid
        try send(event, on: call)
    }

    func exited(_ call: Call, _ status: UInt32) throws {
        var event = Swctr_V1_ProcessEvent()
        event.exited.exitStatus = status
        try send(event, on: call)
        end(call)
    }

    /// Goes away without a word, as a killed process does.
    func hangUp() { _ = shutdown(fd.number, Int32(SHUT_RDWR)) }

    private func write(_ frame: Frame) {
        var rest = frame.encoded[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Foundation.send(fd.number, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}

/// Runs a script beside the test; `join` waits for its end and throws what it threw.
final class Script: @unchecked Sendable {
    // Written by the thread before it signals, read after the wait.
    private var failure: (any Error)?
    private let done = DispatchSemaphore(value: 0)

    init(_ body: @escaping @Sendable () throws -> Void) {
        Thread.detachNewThread {
            do { try body() } catch { self.failure = error }
            self.done.signal()
        }
    }

    func join() throws {
        if done.wait(timeout: .now() + 30) == .timedOut { throw ScriptedManager.Closed() }
        if let failure { throw failure }
    }
}
