public import SwctrCore

/// Where a request goes: `http` or `https`, a host, a port, and the rest as it stands in the request's first line.
public struct HTTPURL: Hashable, Sendable, CustomStringConvertible {
    public var isSecure: Bool
    /// A name or an address, the latter without brackets.
    public var host: String
    public var port: UInt16
    /// Path and query, beginning with a slash.
    public var target: String

    public init(isSecure: Bool, host: String, port: UInt16, target: String) {
        self.isSecure = isSecure
        self.host = host
        self.port = port
        self.target = target
    }

    /// Reads an absolute URL; a fragment is dropped.
    ///
    /// - Throws: `.invalidArgument` for other schemes, for user names in it, and for what cannot stand in a request.
    public init(_ text: String) throws(EngineError) {
        let lower = text.prefix(8).lowercased()
        if lower.hasPrefix("https://") {
            try self.init(isSecure: true, rest: text.dropFirst(8), quoting: text)
        } else if lower.hasPrefix("http://") {
            try self.init(isSecure: false, rest: text.dropFirst(7), quoting: text)
        } else {
            throw Self.refused(text, "must begin with http:// or https://")
        }
    }

    private init(isSecure: Bool, rest: Substring, quoting text: String) throws(EngineError) {
        let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        let authority = rest[..<end]
        if authority.contains("@") { throw Self.refused(text, "must not hold a user name") }
        (host, port) = try Self.authority(authority, isSecure: isSecure, quoting: text)
        self.isSecure = isSecure
        target = try Self.target(rest[end...], quoting: text)
    }

    /// A host with a port where it is not the scheme's own, as in the `Host` header.
    public var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
    }

    /// Scheme and authority: what credentials are bound to.
    public var origin: String { (isSecure ? "https://" : "http://") + authority }
    public var description: String { origin + target }

    /// Without the query, which may carry a signature: for messages.
    public var redacted: String { origin + target.prefix { $0 != "?" } }

    /// What a `Location` header means, seen from here.
    ///
    /// - Throws: `.invalidArgument`; `.permissionDenied` where it would leave TLS.
    public func resolving(_ location: String) throws(EngineError) -> HTTPURL {
        var next = self
        if location.contains("://") {
            next = try HTTPURL(location)
            if isSecure && !next.isSecure {
                throw EngineError(
                    .permissionDenied, subject: redacted,
                    message: "redirects to \(next.redacted), which is not encrypted")
            }
        } else if location.hasPrefix("//") {
            next = try HTTPURL((isSecure ? "https:" : "http:") + location)
        } else if location.hasPrefix("/") {
            next.target = try Self.target(location[...], quoting: location)
        } else if location.hasPrefix("?") {
            next.target = try Self.target(target.prefix { $0 != "?" } + location, quoting: location)
        } else {
            let path = target.prefix { $0 != "?" }
            let folder = path.lastIndex(of: "/").map { path[...$0] } ?? "/"
            next.target = try Self.target(folder + location, quoting: location)
        }
        return next
    }

    /// Splits `host[:port]`.
    static func authority(
        _ text: Substring, isSecure: Bool, quoting whole: String
    ) throws(EngineError) -> (String, UInt16) {
        var host = text
        var port: UInt16 = isSecure ? 443 : 80
        let afterBracket = text.lastIndex(of: "]").map { text[$0...] } ?? text
        if let colon = afterBracket.lastIndex(of: ":") {
            guard let number = UInt16(text[text.index(after: colon)...]), number > 0 else {
                throw refused(whole, "has no valid port")
            }
            port = number
            host = text[..<colon]
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        let isSound = host.utf8.allSatisfy { byte in
            byte > 0x20 && byte < 0x7f && !"/?#[]@\\\"".utf8.contains(byte)
        }
        if host.isEmpty || host.utf8.count > 255 || !isSound { throw refused(whole, "has no valid host") }
        return (host.lowercased(), port)
    }

    /// Everything that could end the request's line, or begin another, is refused.
    private static func target(_ text: Substring, quoting whole: String) throws(EngineError) -> String {
        let rest = text.prefix { $0 != "#" }
        guard rest.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }), rest.utf8.count <= 16384 else {
            throw refused(whole, "holds a character that must be written in %-form, or is too long")
        }
        if rest.isEmpty { return "/" }
        return rest.hasPrefix("/") ? String(rest) : "/" + rest
    }

    private static func refused(_ text: String, _ why: String) -> EngineError {
        EngineError(.invalidArgument, subject: "URL \"\(text.prefix(300))\"", message: why)
    }

    /// A value in a query or a form: everything but RFC 3986's unreserved characters in %-form.
    public static func escape(_ text: String) -> String {
        var escaped = ""
        let hex = Array("0123456789ABCDEF")
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                escaped.unicodeScalars.append(Unicode.Scalar(byte))
            default: escaped += "%\(hex[Int(byte >> 4)])\(hex[Int(byte & 15)])"
            }
        }
        return escaped
    }
}
