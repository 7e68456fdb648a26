public import SwctrCore
import Synchronization

/// Speaks HTTP/1.1, plain and under TLS, straight or through a proxy, and keeps connections for the next request.
///
/// Calls block their thread; a `Cancellation` ends them at once. Redirects, credentials and repetition are the caller's
/// matter: what is right there depends on what the request is for.
public final class HTTPClient: Sendable {
    public struct Timeouts: Sendable {
        /// For a connection to stand, TLS included.
        public var connect: Duration
        /// Between two bytes.
        public var stall: Duration

        public init(connect: Duration = .seconds(30), stall: Duration = .seconds(30)) {
            self.connect = connect
            self.stall = stall
        }
    }

    private struct Key: Hashable {
        var origin: String
        var proxy: HTTPURL?
    }

    private let settings: TLSSettings
    private let proxies: ProxySettings
    private let timeouts: Timeouts
    private let trace: (@Sendable (String) -> Void)?
    private let idle = Mutex<[Key: [HTTPConnection]]>([:])
    /// Made when the first server with TLS is met: it reads the system's certificates.
    private let context = Mutex<TLSContext?>(nil)

    /// Connections to one server that are kept.
    private static let idleLimit = 8

    /// - Parameter trace: told of connections and of first lines and headers, without credentials.
    public init(
        tls: TLSSettings = TLSSettings(), proxies: ProxySettings = .none, timeouts: Timeouts = Timeouts(),
        trace: (@Sendable (String) -> Void)? = nil
    ) {
        settings = tls
        self.proxies = proxies
        self.timeouts = timeouts
        self.trace = trace
    }

    /// Sends a request; the answer's body is read from what is returned.
    ///
    /// - Throws: `.unavailable` for what may go better another time, `.deadlineExceeded` where nothing moves,
    ///   `.permissionDenied` for a server that cannot prove who it is, `.cancelled`.
    public func send(_ request: HTTPRequest, _ cancellation: Cancellation) throws(EngineError) -> HTTPExchange {
        let proxy = try proxies.proxy(for: request.url)
        let key = Key(origin: request.url.origin, proxy: proxy?.url)
        let headers = Self.headers(of: request, proxy)
        let target = proxy != nil && !request.url.isSecure ? request.url.description : request.url.target
        report(request, headers)
        while let connection = takeIdle(key) {
            do throws(EngineError) {
                let head = try connection.send(request, target: target, headers: headers, cancellation)
                return exchange(connection, head, key, cancellation)
            } catch {
                // The server gave the idle connection up just now: another is tried, as if this had not been there.
                if error.code != .unavailable || !connection.isSilent { throw error }
            }
        }
        let connection = try connect(to: request.url, proxy, cancellation)
        let head = try connection.send(request, target: target, headers: headers, cancellation)
        return exchange(connection, head, key, cancellation)
    }

    private func exchange(
        _ connection: HTTPConnection, _ head: HTTPHead, _ key: Key, _ cancellation: Cancellation
    ) -> HTTPExchange {
        if let trace {
            trace("< \(head.status)")
            for field in head.headers.fields { trace("< \(field.name): \(Self.shown(field))") }
        }
        return HTTPExchange(head, connection, cancellation) { [self] connection in
            guard connection.isReusable else { return }
            idle.withLock { idle in
                if idle[key, default: []].count < Self.idleLimit { idle[key, default: []].append(connection) }
            }
        }
    }

    private func takeIdle(_ key: Key) -> HTTPConnection? {
        while let connection = idle.withLock({ $0[key]?.popLast() }) {
            if connection.isReusable { return connection }
        }
        return nil
    }

    private func connect(
        to url: HTTPURL, _ proxy: ProxySettings.Proxy?, _ cancellation: Cancellation
    ) throws(EngineError) -> HTTPConnection {
        let place = proxy?.url ?? url
        trace?("* connecting to \(place.authority)\(proxy == nil ? "" : ", a proxy")")
        let socket = try HTTPSocket(
            host: place.host, port: place.port, limit: timeouts.connect, cancellation)
        guard url.isSecure else { return HTTPConnection(socket, stall: timeouts.stall) }
        if let proxy { try openTunnel(socket, url, proxy, cancellation) }
        try socket.secure(try tlsContext(), host: url.host, limit: timeouts.connect, cancellation)
        trace?("* TLS with \(url.authority)")
        return HTTPConnection(socket, stall: timeouts.stall)
    }

    private func openTunnel(
        _ socket: HTTPSocket, _ url: HTTPURL, _ proxy: ProxySettings.Proxy, _ cancellation: Cancellation
    ) throws(EngineError) {
        let place = "\(url.host.contains(":") ? "[\(url.host)]" : url.host):\(url.port)"
        var headers: HTTPHeaders = ["Host": place]
        if let authorization = proxy.authorization { headers.add("Proxy-Authorization", authorization) }
        // Not read ahead: a server that speaks first under TLS does not exist.
        let head = try HTTPConnection(socket, stall: timeouts.connect).send(
            HTTPRequest("CONNECT", url), target: place, headers: headers, cancellation)
        guard head.status == 200 else {
            throw EngineError(
                .unavailable, operation: "connect", subject: "proxy \(proxy.url.authority)",
                message: "refuses to connect to \(place), status \(head.status)")
        }
    }

    private func tlsContext() throws(EngineError) -> TLSContext {
        let made: Result<TLSContext, EngineError> = context.withLock { context in
            if let context { return .success(context) }
            do throws(EngineError) {
                let made = try TLSContext(settings)
                context = made
                return .success(made)
            } catch {
                return .failure(error)
            }
        }
        return try made.get()
    }

    private static func headers(of request: HTTPRequest, _ proxy: ProxySettings.Proxy?) -> HTTPHeaders {
        var headers: HTTPHeaders = ["Host": request.url.authority]
        if request.headers["User-Agent"] == nil { headers.add("User-Agent", "swctr/\(Version.current)") }
        for field in request.headers.fields { headers.add(field.name, field.value) }
        if let length = request.body.length {
            headers["Content-Length"] = "\(length)"
        } else if ["POST", "PUT", "PATCH"].contains(request.method) {
            headers["Content-Length"] = "0"
        }
        if !request.url.isSecure, let authorization = proxy?.authorization {
            headers["Proxy-Authorization"] = authorization
        }
        return headers
    }

    private func report(_ request: HTTPRequest, _ headers: HTTPHeaders) {
        guard let trace else { return }
        trace("> \(request.method) \(request.url.redacted)")
        for field in headers.fields { trace("> \(field.name): \(Self.shown(field))") }
    }

    private static let secrets: Set<String> = ["authorization", "proxy-authorization", "cookie", "set-cookie"]

    private static func shown(_ field: HTTPHeaders.Field) -> String {
        secrets.contains(field.name.lowercased()) ? "(not shown)" : field.value
    }
}

/// An answer whose body is still to be read. For one thread; what is not read to its end costs the connection.
public final class HTTPExchange {
    public let head: HTTPHead
    private let connection: HTTPConnection
    private let cancellation: Cancellation
    private let giveBack: (HTTPConnection) -> Void

    init(
        _ head: HTTPHead, _ connection: HTTPConnection, _ cancellation: Cancellation,
        giveBack: @escaping (HTTPConnection) -> Void
    ) {
        self.head = head
        self.connection = connection
        self.cancellation = cancellation
        self.giveBack = giveBack
    }

    deinit { giveBack(connection) }

    public var status: Int { head.status }
    public var headers: HTTPHeaders { head.headers }

    /// Reads on; 0 at the end.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(EngineError) -> Int {
        try connection.read(into: buffer, cancellation)
    }

    /// The whole body.
    ///
    /// - Throws: `.resourceExhausted` for one of more than `limit` bytes.
    public func bytes(limit: Int) throws(EngineError) -> [UInt8] {
        var all: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 32 << 10)
        while true {
            let count = try chunk.withUnsafeMutableBufferPointer { (chunk) throws(EngineError) in
                try read(into: UnsafeMutableRawBufferPointer(chunk))
            }
            if count == 0 { return all }
            if all.count + count > limit {
                throw EngineError(
                    .resourceExhausted, operation: "read answer", message: "is longer than the \(limit) bytes allowed")
            }
            all += chunk[..<count]
        }
    }

    /// Reads and forgets a short body, so that the connection can serve again.
    public func discard() {
        _ = try? bytes(limit: 64 << 10)
    }
}
