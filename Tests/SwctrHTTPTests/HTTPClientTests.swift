import Dispatch
import Glibc
import SwctrCore
import Testing

@testable import SwctrHTTP

/// A server of one test: what it says to each connection was written down before.
private final class ScriptedServer: Sendable {
    let port: UInt16
    private let listener: Int32

    /// - Parameter answers: what is said to the requests of each connection, one after the other; the connection is
    ///   closed after the last.
    init(_ answers: [[String]]) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, size) == 0 && listen(listener, 8) == 0 ? getsockname(listener, $0, &size) : -1
            }
        }
        try #require(result == 0)
        port = UInt16(bigEndian: address.sin_port)
        self.listener = listener
        DispatchQueue.global().async {
            for connection in answers {
                let peer = accept(listener, nil, nil)
                if peer < 0 { return }
                for answer in connection {
                    Self.readRequest(peer)
                    let bytes = Array(answer.utf8)
                    _ = send(peer, bytes, bytes.count, Int32(MSG_NOSIGNAL))
                }
                close(peer)
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    private static func readRequest(_ peer: Int32) {
        var seen: [UInt8] = []
        var byte: UInt8 = 0
        while !seen.suffix(4).elementsEqual("\r\n\r\n".utf8), read(peer, &byte, 1) == 1 { seen.append(byte) }
    }

    func get(_ client: HTTPClient, _ cancellation: Cancellation) throws -> (Int, String) {
        let url = HTTPURL(isSecure: false, host: "127.0.0.1", port: port, target: "/")
        let exchange = try client.send(HTTPRequest("GET", url), cancellation)
        return (exchange.status, String(decoding: try exchange.bytes(limit: 1 << 16), as: UTF8.self))
    }
}

@Suite("HTTP client")
struct HTTPClientTests {
    private let client = HTTPClient(timeouts: .init(connect: .seconds(5), stall: .seconds(5)))

    @Test(
        "a body ends where it says",
        arguments: [
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nTrailer: t\r\n\r\n",
            "HTTP/1.0 200 OK\r\n\r\nhello",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        ])
    func bodies(answer: String) throws {
        let server = try ScriptedServer([[answer]])
        let (status, body) = try server.get(client, try Cancellation())
        #expect(status == 200 && body == "hello")
    }

    @Test(
        "what is no proper answer is refused",
        arguments: [
            "SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", "HTTP/1.1 20 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\n folded: x\r\n\r\n", "HTTP/1.1 200 OK\r\nbad name: x\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nx",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabXX",
            "HTTP/1.1 200 OK\r\n" + String(repeating: "X: y\r\n", count: 20000) + "\r\n",
        ])
    func improper(answer: String) throws {
        let server = try ScriptedServer([[answer]])
        let error = #expect(throws: EngineError.self) { try server.get(client, try Cancellation()) }
        #expect(error?.code == .dataLoss)
    }

    @Test("a body that is cut off says how far it came")
    func cutOff() throws {
        let server = try ScriptedServer([["HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"]])
        let error = #expect(throws: EngineError.self) { try server.get(client, try Cancellation()) }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("after 5 of 10 bytes") == true)
    }

    @Test("a connection serves again, and one that was closed meanwhile is replaced unnoticed")
    func reuse() throws {
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n"
        // Two requests on the first connection, one on the second: a third connection would never be answered.
        let server = try ScriptedServer([[answer + "a", answer + "b"], [answer + "c"]])
        for expected in ["a", "b", "c"] {
            #expect(try server.get(client, try Cancellation()) == (200, expected))
        }
    }

    @Test("a server that says nothing is given up after the time for that")
    func stall() throws {
        let impatient = HTTPClient(timeouts: .init(connect: .seconds(5), stall: .milliseconds(50)))
        let server = try ScriptedServer([["HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", "never"]])
        let error = #expect(throws: EngineError.self) { try server.get(impatient, try Cancellation()) }
        #expect(error?.code == .deadlineExceeded)
    }

    @Test("a cancelled wait ends at once")
    func cancelled() throws {
        let server = try ScriptedServer([["HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", "never"]])
        let cancellation = try Cancellation()
        DispatchQueue.global().async { cancellation.cancel() }
        let error = #expect(throws: EngineError.self) { try server.get(client, cancellation) }
        #expect(error?.code == .cancelled)
    }

    @Test("where nobody listens, that is said")
    func refused() throws {
        let url = HTTPURL(isSecure: false, host: "127.0.0.1", port: 1, target: "/")
        let error = #expect(throws: EngineError.self) {
            try client.send(HTTPRequest("GET", url), try Cancellation())
        }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("refused") == true)
    }

    @Test("any bytes are an error or an answer, never a crash")
    func mutations() throws {
        let good = Array("HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-4/9\r\nConnection: close\r\n\r\n".utf8)
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<5000 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: place)
                default: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: place)
                }
            }
            guard let head = try? HTTPHead(parsing: bytes) else { continue }
            _ = try? head.framing(for: "GET")
            _ = head.keepsAlive
        }
    }
}
