public import SwctrCore

/// The full name of an image: `host/path[:tag][@digest]` (grammar: distribution/reference).
public struct Reference: Hashable, Sendable, CustomStringConvertible {
    /// Host, with a port where there is one: "docker.io", "localhost:5000".
    public let domain: String
    /// "library/busybox".
    public let path: String
    public let tag: String?
    public let digest: Digest?

    /// The longest `host/path`, in bytes.
    public static let maximumNameLength = 255

    /// Reads a full name, or completes a short one as Docker does: "busybox" is "docker.io/library/busybox:latest".
    ///
    /// - Throws: `.invalidArgument` that quotes the text and says what is wrong with it.
    public init(normalizing text: String) throws(EngineError) {
        let slash = text.firstIndex(of: "/")
        let first = slash.map { text[..<$0] } ?? ""
        let hasDomain =
            first.contains(".") || first.contains(":") || first == "localhost" || first.contains { $0.isUppercase }
        var full = text
        if !hasDomain { full = slash == nil ? "docker.io/library/\(text)" : "docker.io/\(text)" }
        if full.hasPrefix("index.docker.io/") { full = "docker.io/" + full.dropFirst(16) }
        let parsed = try Reference(full, quoting: text)
        let latest = parsed.tag == nil && parsed.digest == nil
        self.init(domain: parsed.domain, path: parsed.path, tag: latest ? "latest" : parsed.tag, digest: parsed.digest)
    }

    /// Reads a full name.
    ///
    /// - Throws: `.invalidArgument` that quotes the text and says what is wrong with it.
    public init(_ text: String) throws(EngineError) { try self.init(text, quoting: text) }

    private init(_ text: String, quoting original: String) throws(EngineError) {
        func refused(_ why: String) -> EngineError {
            EngineError(.invalidArgument, subject: "image reference \"\(original.prefix(300))\"", message: why)
        }
        var rest = text[...]
        var digest: Digest?
        if let at = rest.firstIndex(of: "@") {
            digest = try Digest(String(rest[rest.index(after: at)...]))
            rest = rest[..<at]
        }
        guard let slash = rest.firstIndex(of: "/") else { throw refused("names no host") }
        let domain = rest[..<slash]
        var path = rest[rest.index(after: slash)...]
        var tag: String?
        if let colon = path.lastIndex(of: ":") {
            let text = String(path[path.index(after: colon)...])
            if !Self.isTag(text) { throw refused("the tag must be up to 128 letters, digits, '_', '.' and '-'") }
            tag = text
            path = path[..<colon]
        }
        if !Self.isDomain(domain) { throw refused("\"\(domain)\" is no host") }
        if !path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy(Self.isComponent) {
            throw refused("the path must be lower-case letters and digits, joined by '.', '_', '__' or '-'")
        }
        if domain.utf8.count + 1 + path.utf8.count > Self.maximumNameLength {
            throw refused("host and path hold more than \(Self.maximumNameLength) bytes")
        }
        self.init(domain: String(domain), path: String(path), tag: tag, digest: digest)
    }

    private init(domain: String, path: String, tag: String?, digest: Digest?) {
        self.domain = domain
        self.path = path
        self.tag = tag
        self.digest = digest
    }

    /// Host and path without tag and digest.
    public var name: String { "\(domain)/\(path)" }

    public var description: String { name + (tag.map { ":\($0)" } ?? "") + (digest.map { "@\($0)" } ?? "") }

    /// Whether `text` can follow the colon of a name.
    public static func isTag(_ text: some StringProtocol) -> Bool {
        let bytes = text.utf8
        guard (1...128).contains(bytes.count), let first = bytes.first, isWord(first) else { return false }
        return bytes.allSatisfy { isWord($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
    }

    /// The looser rule for names that images are stored under, which ctr lets users choose freely: printable, without
    /// spaces, of a sane length.
    ///
    /// - Throws: `.invalidArgument` that quotes the name.
    public static func checkImageName(_ name: String) throws(EngineError) {
        let scalars = name.unicodeScalars
        if name.isEmpty || name.utf8.count > 1024 || scalars.contains(where: { $0.value <= 0x20 || $0.value == 0x7f }) {
            throw EngineError(
                .invalidArgument, subject: "image name \"\(name.prefix(300))\"",
                message: "must be 1 to 1024 bytes without spaces and control characters")
        }
    }
}

extension Reference {
    private static func isWord(_ byte: UInt8) -> Bool { isAlphanumeric(byte) || byte == UInt8(ascii: "_") }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isLowerOrDigit(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }

    private static func isLowerOrDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isDomain(_ text: Substring) -> Bool {
        var host = text
        if let colon = text.lastIndex(of: ":"), !text.hasSuffix("]") {
            let port = text[text.index(after: colon)...]
            guard let number = UInt16(port), number > 0, port.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }) else {
                return false
            }
            host = text[..<colon]
        }
        if host.hasPrefix("["), host.hasSuffix("]"), host.utf8.count > 2 {
            return host.dropFirst().dropLast().allSatisfy { $0.isHexDigit || $0 == ":" }
        }
        return host.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            guard let first = label.utf8.first, let last = label.utf8.last else { return false }
            return isAlphanumeric(first) && isAlphanumeric(last)
                && label.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
        }
    }

    /// Runs of lower-case letters and digits, joined by one '.', one or two '_', or any number of '-'.
    private static func isComponent(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last, isLowerOrDigit(first), isLowerOrDigit(last) else {
            return false
        }
        var separator: [UInt8] = []
        for byte in text.utf8 {
            if isLowerOrDigit(byte) {
                separator = []
                continue
            }
            separator.append(byte)
            switch byte {
            case UInt8(ascii: "."): if separator.count > 1 { return false }
            case UInt8(ascii: "_"): if separator.count > 2 || separator[0] != byte { return false }
            case UInt8(ascii: "-"): if separator[0] != byte { return false }
            default: return false
            }
        }
        return true
    }
}
