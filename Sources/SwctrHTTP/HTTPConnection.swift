import SwctrCore

/// One connection that carries requests one after the other.
///
/// - Note: `@unchecked Sendable`: it belongs to one exchange, or to the pool, and to nobody else at a time.
final class HTTPConnection: @unchecked Sendable {
    private let socket: HTTPSocket
    private let stall: Duration
    /// Bytes that were read and not yet used.
    private var buffer: [UInt8] = []
    private var used = 0
    private var body = Body.done(reusable: false)
    /// Nothing of an answer has come since the request was begun.
    private(set) var isSilent = true

    private enum Body {
        case done(reusable: Bool)
        case length(left: Int64, whole: Int64, reusable: Bool)
        case chunk(left: Int64, reusable: Bool)
        case nextChunk(isFirst: Bool, reusable: Bool)
        case untilClose
    }

    /// Bytes that head and chunk lines may take.
    private static let headLimit = 64 << 10

    init(_ socket: HTTPSocket, stall: Duration) {
        self.socket = socket
        self.stall = stall
    }

    /// Whether another request may follow: the last answer was read to its end, and both sides keep the connection.
    var isReusable: Bool {
        guard case .done(reusable: true) = body else { return false }
        return used == buffer.count && !socket.isStale
    }

    /// Sends a request and reads the head of the answer.
    ///
    /// - Parameter target: the first line's second word.
    func send(
        _ request: HTTPRequest, target: String, headers: HTTPHeaders, _ cancellation: Cancellation
    ) throws(EngineError) -> HTTPHead {
        isSilent = true
        body = .done(reusable: false)
        var text = "\(request.method) \(target) HTTP/1.1\r\n"
        for field in headers.fields { text += "\(field.name): \(field.value)\r\n" }
        text += "\r\n"
        var broken: EngineError?
        do throws(EngineError) {
            try write(Array(text.utf8), cancellation)
            switch request.body {
            case .none: break
            case .bytes(let bytes): try write(bytes, cancellation)
            case .stream(let length, let source):
                var left = length
                try source { (piece) throws(EngineError) in
                    left -= Int64(piece.count)
                    if left < 0 {
                        throw EngineError(.internal, operation: "send", message: "more bytes than announced")
                    }
                    try self.socket.write(all: piece, limit: self.stall, cancellation)
                }
                if left > 0 { throw EngineError(.internal, operation: "send", message: "fewer bytes than announced") }
            }
        } catch {
            // A server may refuse in the middle of a body: its answer says more than the broken pipe.
            if error.code != .unavailable { throw error }
            broken = error
        }
        do throws(EngineError) {
            return try readHead(request.method, canReuse: broken == nil, cancellation)
        } catch {
            throw broken ?? error
        }
    }

    private func write(_ bytes: [UInt8], _ cancellation: Cancellation) throws(EngineError) {
        try bytes.withUnsafeBufferPointer { (bytes) throws(EngineError) in
            try socket.write(all: UnsafeRawBufferPointer(bytes), limit: stall, cancellation)
        }
    }

    private func readHead(
        _ method: String, canReuse: Bool, _ cancellation: Cancellation
    ) throws(EngineError) -> HTTPHead {
        while true {
            var lines: [UInt8] = []
            while true {
                let line = try readLine(limit: Self.headLimit - lines.count, cancellation)
                lines += line
                if line.count <= 2 { break }
            }
            let head = try HTTPHead(parsing: lines)
            // Interim answers say only that the real one is on its way.
            if head.status < 200 && head.status != 101 { continue }
            let reusable = canReuse && head.keepsAlive
            body =
                switch try head.framing(for: method) {
                case .none: .done(reusable: reusable)
                case .length(0): .done(reusable: reusable)
                case .length(let length): .length(left: length, whole: length, reusable: reusable)
                case .chunked: .nextChunk(isFirst: true, reusable: reusable)
                case .untilClose: .untilClose
                }
            return head
        }
    }

    /// Reads on in the body; 0 at its end.
    ///
    /// - Throws: `.unavailable` where the connection ends before the body does, `.deadlineExceeded` where nothing comes.
    func read(into target: UnsafeMutableRawBufferPointer, _ cancellation: Cancellation) throws(EngineError) -> Int {
        while true {
            switch body {
            case .done: return 0
            case .untilClose:
                let count = try take(into: target, cancellation)
                if count == 0 { body = .done(reusable: false) }
                return count
            case .length(let left, let whole, let reusable):
                let count = try take(into: Self.prefix(target, left), cancellation)
                if count == 0 { throw cutOff("after \(whole - left) of \(whole) bytes") }
                body =
                    count == left
                    ? .done(reusable: reusable) : .length(left: left - Int64(count), whole: whole, reusable: reusable)
                return count
            case .chunk(let left, let reusable):
                let count = try take(into: Self.prefix(target, left), cancellation)
                if count == 0 { throw cutOff("in the middle of a chunk") }
                body =
                    count == left
                    ? .nextChunk(isFirst: false, reusable: reusable)
                    : .chunk(left: left - Int64(count), reusable: reusable)
                return count
            case .nextChunk(let isFirst, let reusable):
                if !isFirst, try readLine(limit: 2, cancellation) != Array("\r\n".utf8) {
                    throw HTTPHead.damaged("a chunk does not end where it should")
                }
                let line = String(decoding: try readLine(limit: 1024, cancellation), as: UTF8.self)
                let digits = line.prefix { $0.isHexDigit }
                let rest = line.dropFirst(digits.count).first
                guard !digits.isEmpty, let size = Int64(digits, radix: 16),
                    rest == "\r\n" || rest == ";" || rest == " "
                else { throw HTTPHead.damaged("a chunk has no size") }
                if size > 0 {
                    body = .chunk(left: size, reusable: reusable)
                    continue
                }
                // What follows the last chunk is of no use to us.
                while try readLine(limit: Self.headLimit, cancellation).count > 2 {}
                body = .done(reusable: reusable)
            }
        }
    }

    private static func prefix(
        _ target: UnsafeMutableRawBufferPointer, _ count: Int64
    ) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: target.prefix(Int(min(count, Int64(target.count)))))
    }

    private func cutOff(_ when: String) -> EngineError {
        EngineError(.unavailable, operation: "read answer", message: "the connection was closed \(when)")
    }

    // MARK: Bytes

    /// A line with its end.
    private func readLine(limit: Int, _ cancellation: Cancellation) throws(EngineError) -> [UInt8] {
        var line: [UInt8] = []
        while true {
            while used < buffer.count {
                let byte = buffer[used]
                used += 1
                line.append(byte)
                if byte == UInt8(ascii: "\n") { return line }
                if line.count >= limit { throw HTTPHead.damaged("a line is too long") }
            }
            if try !fill(cancellation) { throw cutOff(isSilent ? "without an answer" : "in the middle of it") }
        }
    }

    /// False at the end of the stream.
    private func fill(_ cancellation: Cancellation) throws(EngineError) -> Bool {
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        let count = try chunk.withUnsafeMutableBufferPointer { (chunk) throws(EngineError) in
            try socket.read(into: UnsafeMutableRawBufferPointer(chunk), limit: stall, cancellation)
        }
        if count > 0 { isSilent = false }
        buffer = Array(chunk[..<count])
        used = 0
        return count > 0
    }

    /// From what was read ahead, else straight from the socket.
    private func take(
        into target: UnsafeMutableRawBufferPointer, _ cancellation: Cancellation
    ) throws(EngineError) -> Int {
        if used == buffer.count { return try socket.read(into: target, limit: stall, cancellation) }
        let count = min(target.count, buffer.count - used)
        target.copyBytes(from: buffer[used..<used + count])
        used += count
        return count
    }
}
