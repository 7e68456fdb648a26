public import SwctrCore

/// Through which proxy a server is reached, as the environment says it: `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and
/// `NO_PROXY`, in capitals or not.
public struct ProxySettings: Sendable {
    /// A proxy: its place, and what it is told of who we are.
    public struct Proxy: Sendable, Hashable {
        public var url: HTTPURL
        var authorization: String?
    }

    private var plain: String?
    private var secure: String?
    private var exceptions: [String]

    public static let none = ProxySettings([:])

    public init(_ environment: [String: String]) {
        func value(_ name: String) -> String? {
            [environment[name.lowercased()], environment[name]].compactMap { $0 }.first { !$0.isEmpty }
        }
        plain = value("HTTP_PROXY") ?? value("ALL_PROXY")
        secure = value("HTTPS_PROXY") ?? value("ALL_PROXY")
        exceptions = (value("NO_PROXY") ?? "").split { $0 == "," || $0 == " " }.map { $0.lowercased() }
    }

    /// - Throws: `.invalidArgument` for a proxy that is not spoken to in plain HTTP.
    public func proxy(for url: HTTPURL) throws(EngineError) -> Proxy? {
        guard let text = url.isSecure ? secure : plain, !bypasses(url) else { return nil }
        var rest = text[...]
        if let scheme = rest.firstRange(of: "://") {
            guard rest[..<scheme.lowerBound].lowercased() == "http" else {
                throw EngineError(
                    .invalidArgument, subject: "proxy \"\(text.prefix(200))\"", message: "must be an http:// proxy")
            }
            rest = rest[scheme.upperBound...]
        }
        rest = rest.prefix { $0 != "/" }
        var authorization: String?
        if let at = rest.lastIndex(of: "@") {
            authorization = "Basic " + Base64.encode(Array(Self.unescape(rest[..<at]).utf8))
            rest = rest[rest.index(after: at)...]
        }
        let (host, port) = try HTTPURL.authority(rest, isSecure: false, quoting: "proxy")
        return Proxy(
            url: HTTPURL(isSecure: false, host: host, port: port, target: "/"), authorization: authorization)
    }

    /// This machine is never asked for through a proxy.
    private func bypasses(_ url: HTTPURL) -> Bool {
        let host = url.host
        if host == "localhost" || host == "::1" || host.hasPrefix("127.") { return true }
        return exceptions.contains { exception in
            if exception == "*" { return true }
            var name = exception[...]
            if let colon = name.lastIndex(of: ":"), let port = UInt16(name[name.index(after: colon)...]) {
                if port != url.port { return false }
                name = name[..<colon]
            }
            if name.hasPrefix("*.") { name = name.dropFirst() }
            if name.hasPrefix(".") { return host.hasSuffix(name) }
            return host == name || host.hasSuffix("." + name) || Self.contains(network: name, host)
        }
    }

    /// Whether an address of version 4 lies in `a.b.c.d/n`.
    private static func contains(network: Substring, _ host: String) -> Bool {
        let parts = network.split(separator: "/")
        guard parts.count == 2, let bits = UInt32(parts[1]), bits <= 32, let base = number(parts[0]),
            let address = number(host[...])
        else { return false }
        let mask: UInt32 = bits == 0 ? 0 : ~0 << (32 - bits)
        return base & mask == address & mask
    }

    private static func number(_ text: Substring) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        guard parts.count == 4 else { return nil }
        var value: UInt32 = 0
        for part in parts {
            guard let part else { return nil }
            value = value << 8 | UInt32(part)
        }
        return value
    }

    private static func unescape(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
