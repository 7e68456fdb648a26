public import SwctrCore
public import SwctrHTTP
public import SwctrOCI

/// A repository in a registry (distribution specification, version 1.1).
///
/// Calls block their thread; a `Cancellation` ends them. What may go better the next time is tried again: failures of
/// the server, a lost connection, and what it asks to wait for.
public final class Repository: Sendable {
    public let reference: Reference
    let hosts: [RegistryHost]

    /// - Throws: `.invalidArgument` for a hosts.toml or a certificate that cannot be used.
    public init(_ reference: Reference, _ options: RegistryOptions) throws(EngineError) {
        self.reference = reference
        hosts = try RegistryHost.all(for: reference.domain, options)
    }

    enum Access: String { case pull, push = "pull,push" }

    static let tries = 4
    /// Asks the registry itself whether it talks to us.
    ///
    /// - Throws: `.unauthenticated` where it does not take our credentials.
    public func ping(_ cancellation: Cancellation) throws(EngineError) {
        guard let host = hosts.last else { return }
        // The base of the interface, with its closing slash: "/v2/".
        let exchange = try send("GET", { host.url("") }, to: host, "", [:], .none, cancellation)
        if exchange.status == 200 { return exchange.discard() }
        throw RegistryFault.error(exchange, "log in", host.name)
    }

    /// A server that wants us to wait longer is told about instead.
    private static let longestPause: Duration = .seconds(60)

    func scope(_ access: Access) -> String { "repository:\(reference.path):\(access.rawValue)" }

    /// Sends a request to one of the hosts, with credentials where they are wanted, and again where that may help.
    ///
    /// - Parameter rest: what follows the repository's name.
    func send(
        _ method: String, _ rest: String, to host: RegistryHost, scope: String, headers: HTTPHeaders = [:],
        body: HTTPBody = .none, _ cancellation: Cancellation
    ) throws(EngineError) -> HTTPExchange {
        var target = "\(reference.path)/\(rest)"
        if host.isMirror { target += (target.contains("?") ? "&" : "?") + "ns=\(HTTPURL.escape(reference.domain))" }
        do throws(EngineError) {
            return try send(method, { host.url(target) }, to: host, scope, headers, body, cancellation)
        } catch {
            throw error.during(method == "GET" || method == "HEAD" ? "pull" : "push", of: host.name)
        }
    }

    /// The same, to an address that the registry gave.
    func send(
        _ method: String, at url: HTTPURL, to host: RegistryHost, scope: String, headers: HTTPHeaders = [:],
        body: HTTPBody = .none, _ cancellation: Cancellation
    ) throws(EngineError) -> HTTPExchange {
        try send(method, { url }, to: host, scope, headers, body, cancellation)
    }

    private func send(
        _ method: String, _ url: () -> HTTPURL, to host: RegistryHost, _ scope: String, _ headers: HTTPHeaders,
        _ body: HTTPBody, _ cancellation: Cancellation
    ) throws(EngineError) -> HTTPExchange {
        var attempt = 0
        while true {
            attempt += 1
            let pause: Duration
            do throws(EngineError) {
                let exchange = try authorized(method, url(), to: host, scope, headers, body, cancellation)
                guard let wanted = Self.pause(after: exchange, attempt), attempt < Self.tries else { return exchange }
                exchange.discard()
                pause = wanted
            } catch {
                if host.turnsPlain(after: error) {
                    attempt -= 1
                    continue
                }
                let isWorthIt = error.code == .unavailable || error.code == .deadlineExceeded
                if !isWorthIt || attempt >= Self.tries { throw error }
                pause = Self.backoff(attempt)
            }
            try cancellation.pause(pause)
        }
    }

    /// How long to wait before a failed step is tried again, the first time being 1.
    public static func backoff(_ attempt: Int) -> Duration { .milliseconds(100 << min(attempt - 1, 6)) }

    /// How long to wait before the same request is sent again; nil where it should not be.
    private static func pause(after exchange: HTTPExchange, _ attempt: Int) -> Duration? {
        switch exchange.status {
        case 408, 429, 500, 502, 503, 504: break
        default: return nil
        }
        guard let text = exchange.headers["Retry-After"] else { return backoff(attempt) }
        guard let wanted = RetryAfter.duration(text) else { return backoff(attempt) }
        return wanted > longestPause ? nil : max(wanted, backoff(attempt))
    }

    private func authorized(
        _ method: String, _ url: HTTPURL, to host: RegistryHost, _ scope: String, _ headers: HTTPHeaders,
        _ body: HTTPBody, _ cancellation: Cancellation
    ) throws(EngineError) -> HTTPExchange {
        var refusals = 0
        while true {
            let isOwn = url.origin == host.url("").origin
            let authorization = isOwn ? try host.authorizer.authorization(for: scope, cancellation) : nil
            var all = headers
            if isOwn {
                for field in host.entry.headers.fields { all.add(field.name, field.value) }
                if let authorization { all["Authorization"] = authorization }
            }
            let exchange = try followed(HTTPRequest(method, url, headers: all, body: body), host, cancellation)
            guard exchange.status == 401, isOwn, refusals < 2 else { return exchange }
            refusals += 1
            let mayTryAgain = try host.authorizer.learn(
                from: exchange.headers, scope: scope, hadAuthorization: authorization != nil)
            if !mayTryAgain { return exchange }
            exchange.discard()
        }
    }

    /// Follows redirects of what only reads. Another server is not told who we are.
    private func followed(
        _ request: HTTPRequest, _ host: RegistryHost, _ cancellation: Cancellation
    ) throws(EngineError) -> HTTPExchange {
        var request = request
        for _ in 0..<10 {
            let exchange = try host.client.send(request, cancellation)
            guard [301, 302, 303, 307, 308].contains(exchange.status), ["GET", "HEAD"].contains(request.method),
                let location = exchange.headers["Location"]
            else { return exchange }
            exchange.discard()
            let next = try request.url.resolving(location)
            if next.origin != request.url.origin {
                request.headers["Authorization"] = nil
                for field in host.entry.headers.fields { request.headers[field.name] = nil }
            }
            request.url = next
        }
        throw EngineError(.failedPrecondition, subject: host.name, message: "redirects in a circle")
    }
}
