public import SwctrCore

/// What is asked for.
public struct HTTPRequest: Sendable {
    public var method: String
    public var url: HTTPURL
    public var headers: HTTPHeaders
    public var body: HTTPBody

    public init(_ method: String, _ url: HTTPURL, headers: HTTPHeaders = HTTPHeaders(), body: HTTPBody = .none) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }
}

/// What goes with a request.
public enum HTTPBody: Sendable {
    case none
    case bytes([UInt8])
    /// So many bytes, given to a sink piece by piece; called anew when the request has to be sent again.
    case stream(Int64, @Sendable ((UnsafeRawBufferPointer) throws(EngineError) -> Void) throws(EngineError) -> Void)

    var length: Int64? {
        switch self {
        case .none: nil
        case .bytes(let bytes): Int64(bytes.count)
        case .stream(let length, _): length
        }
    }
}

/// The first part of an answer.
public struct HTTPHead: Sendable, Hashable {
    public var status: Int
    public var headers: HTTPHeaders
    var isVersion11: Bool

    /// How the end of a body is known.
    enum Framing: Equatable {
        case none
        case length(Int64)
        case chunked
        case untilClose
    }

    /// Reads the lines up to the empty one.
    ///
    /// - Throws: `.dataLoss` for what is no HTTP/1 answer.
    init(parsing bytes: [UInt8]) throws(EngineError) {
        var lines: [String] = []
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            guard let last = line.last else { break }
            guard last == UInt8(ascii: "\r") else { throw Self.damaged("a line does not end as it must") }
            if line.count == 1 { break }
            lines.append(String(decoding: line.dropLast(), as: UTF8.self))
        }
        guard let first = lines.first else { throw Self.damaged("it is empty") }
        let words = first.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard words.count >= 2, words[0] == "HTTP/1.1" || words[0] == "HTTP/1.0", words[1].utf8.count == 3,
            let status = Int(words[1]), (100...599).contains(status)
        else { throw Self.damaged("it begins with \"\(first.prefix(80))\"") }
        self.status = status
        isVersion11 = words[0] == "HTTP/1.1"
        headers = HTTPHeaders()
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":"), HTTPHeaders.isName(line[..<colon]) else {
                throw Self.damaged("a header field is malformed")
            }
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            let end = value.lastIndex { $0 != " " && $0 != "\t" }.map { value.index(after: $0) } ?? value.startIndex
            headers.add(String(line[..<colon]), String(value[..<end]))
        }
    }

    /// - Throws: `.dataLoss` where header fields contradict each other.
    func framing(for method: String) throws(EngineError) -> Framing {
        let codings = headers.values("Transfer-Encoding")
        let lengths = Set(headers.values("Content-Length").flatMap { $0.split(separator: ",") }.map(Self.trimmed))
        if method == "HEAD" || status < 200 || status == 204 || status == 304 { return .none }
        if !codings.isEmpty {
            guard codings.count == 1, codings[0].lowercased() == "chunked", lengths.isEmpty else {
                throw Self.damaged("its transfer coding is not known or contradicts its length")
            }
            return .chunked
        }
        guard let text = lengths.first else { return .untilClose }
        guard lengths.count == 1, text.utf8.allSatisfy({ (48...57).contains($0) }), let length = Int64(text) else {
            throw Self.damaged("its length is no number, or several")
        }
        return .length(length)
    }

    /// Whether the connection may carry another request afterwards.
    var keepsAlive: Bool {
        let options = headers.values("Connection").flatMap { $0.lowercased().split(separator: ",").map(Self.trimmed) }
        return isVersion11 ? !options.contains("close") : options.contains("keep-alive")
    }

    private static func trimmed(_ text: Substring) -> Substring {
        text.drop { $0 == " " }.prefix { $0 != " " }
    }

    static func damaged(_ why: String) -> EngineError {
        EngineError(.dataLoss, operation: "read answer", message: "is no proper HTTP answer: \(why)")
    }
}
