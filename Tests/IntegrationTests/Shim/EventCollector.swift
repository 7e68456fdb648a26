import Dispatch
import Foundation
import SwctrProto
import SwctrTestSupport
import SwctrWire
import SwiftProtobuf

/// The daemon's end of a shim's event path: answers every Forward and keeps what came.
final class EventCollector: @unchecked Sendable {
    // Unchecked because the lock (a condition) guards all that changes after init.
    private let lock = NSCondition()
    private var envelopes: [Containerd_Services_Events_Ttrpc_V1_Envelope] = []
    private var connections: [Int32] = []
    private var isClosed = false
    private var manner = Manner.answering
    private var attempts = 0
    private let listener: Int32
    private let path: String

    /// What is done with an event that comes.
    enum Manner: Equatable {
        case answering
        /// It is taken from the wire, and that is all.
        case silent
        /// It is taken and kept; the answer comes when the manner is another again.
        case holding
        /// It is answered with this message and code; those of another topic are taken.
        case refusing(String, code: Int32 = 3, topic: String? = nil)

        func takes(_ topic: String) -> Bool {
            switch self {
            case .answering, .holding: true
            case .silent: false
            case .refusing(_, _, let refused): refused != nil && refused != topic
            }
        }
    }

    init(at path: String, _ manner: Manner = .answering) throws {
        self.path = path
        self.manner = manner
        unlink(path)
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8).prefix($0.count - 1)) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard listener >= 0, bound == 0, listen(listener, 16) == 0 else {
            throw TestFailure("listen on \(path): errno \(errno)")
        }
        Thread.detachNewThread { [self] in accept() }
    }

    func turn(_ manner: Manner) {
        lock.withLock {
            self.manner = manner
            lock.broadcast()
        }
    }

    /// Waits until so many events have been sent to us, taken or not.
    func awaitAttempts(_ count: Int, within limit: TimeInterval = 20) throws {
        let deadline = Date(timeIntervalSinceNow: limit * Double(Patience.factor))
        lock.lock()
        defer { lock.unlock() }
        while attempts < count {
            if !lock.wait(until: deadline) { throw TestFailure("\(attempts) events in \(limit) s, not \(count)") }
        }
    }

    /// The envelopes as they came.
    var taken: [Containerd_Services_Events_Ttrpc_V1_Envelope] { lock.withLock { envelopes } }

    /// Everything that has come, in order: `topic container/process`.
    var seen: [String] {
        lock.withLock { envelopes.map(Self.summary) }
    }

    /// Waits until an event of this summary has come (so many times), and returns what came until then.
    @discardableResult
    func await(_ summary: String, times: Int = 1, within limit: TimeInterval = 20) throws -> [String] {
        let deadline = Date(timeIntervalSinceNow: limit * Double(Patience.factor))
        lock.lock()
        defer { lock.unlock() }
        while envelopes.count(where: { Self.summary($0) == summary }) < times {
            if !lock.wait(until: deadline) {
                throw TestFailure("no event \"\(summary)\" in \(limit) s, but \(envelopes.map(Self.summary))")
            }
        }
        return envelopes.map(Self.summary)
    }

    /// The exits of a process, by container and id.
    func exits(of id: String) -> [Containerd_Events_TaskExit] {
        lock.withLock { envelopes }.compactMap { envelope in
            guard envelope.topic == "/tasks/exit" else { return nil }
            return try? Containerd_Events_TaskExit(serializedBytes: envelope.event.value)
        }.filter { $0.id == id }
    }

    /// The daemon goes away: its socket and every connection.
    func close() {
        lock.withLock {
            guard !isClosed else { return }
            isClosed = true
            lock.broadcast()
            for connection in connections { shutdown(connection, Int32(SHUT_RDWR)) }
        }
        shutdown(listener, Int32(SHUT_RDWR))
        Glibc.close(listener)
        unlink(path)
    }

    private func accept() {
        while true {
            let connection = Glibc.accept(listener, nil, nil)
            if connection < 0 { return }
            let isWanted = lock.withLock {
                if !isClosed { connections.append(connection) }
                return !isClosed
            }
            guard isWanted else {
                Glibc.close(connection)
                return
            }
            Thread.detachNewThread { [self] in
                serve(connection)
                lock.withLock { connections.removeAll { $0 == connection } }
                Glibc.close(connection)
            }
        }
    }

    private func serve(_ connection: Int32) {
        var decoder = FrameDecoder()
        var unread: ArraySlice<UInt8> = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            while case .frame(let frame)? = decoder.next(from: &unread) {
                guard let request = try? Ttrpc_Request(serializedBytes: frame.body), request.method == "Forward",
                    let forward = try? Containerd_Services_Events_Ttrpc_V1_ForwardRequest(
                        serializedBytes: request.payload)
                else { return }
                let manner = lock.withLock {
                    if self.manner.takes(forward.envelope.topic) { envelopes.append(forward.envelope) }
                    attempts += 1
                    lock.broadcast()
                    while self.manner == .holding, !isClosed { lock.wait() }
                    return self.manner
                }
                var response = Ttrpc_Response()
                switch manner {
                case .answering, .holding: break
                case .silent: continue
                case .refusing(let message, let code, _):
                    if manner.takes(forward.envelope.topic) { break }
                    response.status.code = code
                    response.status.message = message
                }
                guard let body: [UInt8] = try? response.serializedBytes() else { return }
                let answer = Frame(streamID: frame.streamID, kind: .response, body: body).encoded
                guard send(connection, answer, answer.count, Int32(MSG_NOSIGNAL)) == answer.count else { return }
            }
            let count = recv(connection, &chunk, chunk.count, 0)
            guard count > 0 else { return }
            unread += chunk[..<count]
        }
    }

    private static func summary(_ envelope: Containerd_Services_Events_Ttrpc_V1_Envelope) -> String {
        let topic = envelope.topic.split(separator: "/").last.map(String.init) ?? envelope.topic
        switch topic {
        case "exit":
            let event = try? Containerd_Events_TaskExit(serializedBytes: envelope.event.value)
            return "exit \(event?.id ?? "?")"
        case "exec-added", "exec-started":
            let event = try? Containerd_Events_TaskExecAdded(serializedBytes: envelope.event.value)
            return "\(topic) \(event?.execID ?? "?")"
        default:
            // The container's id is field 1 of all of them.
            let event = try? Containerd_Events_TaskOOM(serializedBytes: envelope.event.value)
            return "\(topic) \(event?.containerID ?? "?")"
        }
    }
}
