import Foundation
import SwctrCore
import SwctrHTTP
import Synchronization

/// Answers one registry's challenges: with a name and a password, or with a token that another server gives for them.
final class Authorizer: Sendable {
    private let client: HTTPClient
    private let credentials: Credentials?
    private let state = Mutex(State())

    private struct State {
        var isBasic = false
        var bearer: Bearer?
        /// By scope.
        var tokens: [String: Token] = [:]
    }

    private struct Bearer: Hashable {
        var realm: HTTPURL
        var service: String
    }

    private struct Token {
        var text: String
        var expires: ContinuousClock.Instant
    }

    init(client: HTTPClient, credentials: Credentials?) {
        self.client = client
        self.credentials = credentials
    }

    /// What goes with a request; nil before anybody has asked for it.
    ///
    /// - Throws: what asking for a token failed with.
    func authorization(for scope: String, _ cancellation: Cancellation) throws(EngineError) -> String? {
        let (isBasic, bearer, token) = state.withLock { ($0.isBasic, $0.bearer, $0.tokens[scope]) }
        if isBasic { return try basic() }
        guard let bearer else { return nil }
        if let token, token.expires > .now { return "Bearer " + token.text }
        return "Bearer " + (try fetch(bearer, scope, cancellation))
    }

    /// Learns from a refusal.
    ///
    /// - Returns: whether another try has a chance.
    /// - Throws: `.unauthenticated` where credentials are wanted and there are none.
    func learn(from headers: HTTPHeaders, scope: String, hadAuthorization: Bool) throws(EngineError) -> Bool {
        let challenges = headers.values("WWW-Authenticate").flatMap(Challenge.parse)
        if let challenge = challenges.first(where: { $0.scheme == .bearer }), let realm = challenge.parameters["realm"]
        {
            let bearer = Bearer(realm: try HTTPURL(realm), service: challenge.parameters["service"] ?? "")
            return state.withLock { state in
                let isNews = state.bearer != bearer
                // A token that is refused once is not offered again.
                let had = state.tokens.removeValue(forKey: scope) != nil
                state.bearer = bearer
                return isNews || had || !hadAuthorization
            }
        }
        guard challenges.contains(where: { $0.scheme == .basic }) else { return false }
        if hadAuthorization { return false }
        _ = try basic()
        state.withLock { $0.isBasic = true }
        return true
    }

    private func basic() throws(EngineError) -> String {
        guard let credentials, !credentials.username.isEmpty else {
            throw EngineError(
                .unauthenticated, message: "unauthorized: it wants a user name and a password (401)",
                hint: "use swctr login, or --user")
        }
        return "Basic " + Base64.encode(Array("\(credentials.username):\(credentials.secret)".utf8))
    }

    // MARK: Tokens

    private struct Answer: Decodable {
        var token: String?
        var access_token: String?
        var expires_in: Double?
    }

    private func fetch(_ bearer: Bearer, _ scope: String, _ cancellation: Cancellation) throws(EngineError) -> String {
        let exchange = try client.send(try request(bearer, scope), cancellation)
        let body = try exchange.bytes(limit: 1 << 20)
        guard exchange.status == 200 else {
            let isDenied = exchange.status == 401 || exchange.status == 403
            throw EngineError(
                isDenied ? .unauthenticated : .unavailable, operation: "fetch token", subject: bearer.realm.redacted,
                message: (isDenied ? "unauthorized" : "failed") + " (status \(exchange.status))"
                    + RegistryFault.text(of: body),
                hint: isDenied && credentials == nil ? "use swctr login, or --user" : "")
        }
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(body)),
            let text = [answer.token, answer.access_token].compactMap({ $0 }).first(where: { !$0.isEmpty })
        else {
            throw EngineError(
                .dataLoss, operation: "fetch token", subject: bearer.realm.redacted,
                message: "the answer holds no token")
        }
        // A minute is what a token lives at least by the specification; a little is kept back.
        let life = max(10, min(answer.expires_in ?? 60, 3600) - 10)
        state.withLock { $0.tokens[scope] = Token(text: text, expires: .now + .seconds(life)) }
        return text
    }

    private func request(_ bearer: Bearer, _ scope: String) throws(EngineError) -> HTTPRequest {
        if let credentials, credentials.username.isEmpty {
            let form = [
                ("grant_type", "refresh_token"), ("service", bearer.service), ("scope", scope), ("client_id", "swctr"),
                ("refresh_token", credentials.secret),
            ].map { "\($0)=\(HTTPURL.escape($1))" }.joined(separator: "&")
            return HTTPRequest(
                "POST", bearer.realm, headers: ["Content-Type": "application/x-www-form-urlencoded"],
                body: .bytes(Array(form.utf8)))
        }
        var url = bearer.realm
        var query = scope.split(separator: " ").map { "scope=\(HTTPURL.escape(String($0)))" }
        if !bearer.service.isEmpty { query.insert("service=\(HTTPURL.escape(bearer.service))", at: 0) }
        url.target += (url.target.contains("?") ? "&" : "?") + query.joined(separator: "&")
        return HTTPRequest(
            "GET", url, headers: credentials == nil ? [:] : ["Authorization": try basic()])
    }
}
