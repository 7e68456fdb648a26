public import SwctrCore
public import SwctrHTTP
public import SwctrOCI

/// A blob's bytes, to be sent from any place on.
public struct BlobSource: Sendable {
    /// Gives `count` bytes from `offset` on to a sink.
    public typealias Read =
        @Sendable (
            _ offset: Int64, _ count: Int64, _ sink: (UnsafeRawBufferPointer) throws(EngineError) -> Void
        ) throws(EngineError) -> Void

    let read: Read
    public init(_ read: @escaping Read) { self.read = read }
}

/// How a blob came to be in a registry.
public enum PushOutcome: Sendable, Equatable { case existed, mounted, uploaded }

extension Repository {
    /// More than this goes up in pieces of this size, so that what broke off goes on from the last piece.
    private static let pieceSize: Int64 = 16 << 20

    private var target: RegistryHost {
        get throws(EngineError) {
            guard
                let host = hosts.last(where: { !$0.isMirror && $0.entry.canPush })
                    ?? hosts.first(where: \.entry.canPush)
            else {
                throw EngineError(
                    .failedPrecondition, operation: "push", subject: reference.name,
                    message: "no server in hosts.toml may be pushed to")
            }
            return host
        }
    }

    /// Brings a blob into the repository, unless it is there.
    ///
    /// - Parameters:
    ///   - siblings: repositories of the same registry that have it, to be mounted from.
    ///   - onProgress: told how many bytes are there.
    /// - Throws: `.unauthenticated`, `.permissionDenied`, `.unavailable`.
    public func push(
        _ descriptor: Descriptor, from source: BlobSource, siblings: [String], _ cancellation: Cancellation,
        onProgress: (Int64) -> Void
    ) throws(EngineError) -> PushOutcome {
        let host = try target
        let head = try send(
            "HEAD", "blobs/\(descriptor.digest)", to: host, scope: scope(.push), cancellation)
        head.discard()
        if head.status == 200 { return .existed }
        if head.status != 404 { throw RegistryFault.error(head, "push", subject("\(descriptor.digest)")) }
        if let sibling = siblings.first(where: { $0 != reference.path }),
            try mount(descriptor, from: sibling, host, cancellation)
        {
            return .mounted
        }
        var failures = 0
        while true {
            do throws(EngineError) {
                try upload(descriptor, source, host, cancellation, onProgress)
                return .uploaded
            } catch {
                failures += 1
                let isWorthIt = error.code == .unavailable || error.code == .deadlineExceeded
                if !isWorthIt || failures >= Self.tries { throw error }
                try cancellation.pause(Self.backoff(failures))
            }
        }
    }

    private func mount(
        _ descriptor: Descriptor, from sibling: String, _ host: RegistryHost, _ cancellation: Cancellation
    ) throws(EngineError) -> Bool {
        let exchange = try send(
            "POST", "blobs/uploads/?mount=\(descriptor.digest)&from=\(HTTPURL.escape(sibling))", to: host,
            scope: "\(scope(.push)) repository:\(sibling):pull", cancellation)
        exchange.discard()
        if exchange.status == 201 { return true }
        // The registry has begun an ordinary upload instead: it is given up, ours begins anew.
        if exchange.status == 202, let url = try? location(exchange, host) {
            _ = try? send("DELETE", at: url, to: host, scope: scope(.push), cancellation)
        }
        return false
    }

    private func upload(
        _ descriptor: Descriptor, _ source: BlobSource, _ host: RegistryHost, _ cancellation: Cancellation,
        _ onProgress: (Int64) -> Void
    ) throws(EngineError) {
        let begun = try send("POST", "blobs/uploads/", to: host, scope: scope(.push), cancellation)
        if begun.status != 202 { throw RegistryFault.error(begun, "push", subject("\(descriptor.digest)")) }
        begun.discard()
        var url = try location(begun, host)
        let size = descriptor.size
        var sent: Int64 = 0
        if size > Self.pieceSize {
            while sent < size {
                let count = min(Self.pieceSize, size - sent)
                let piece = try send(
                    "PATCH", at: url, to: host, scope: scope(.push),
                    headers: [
                        "Content-Type": "application/octet-stream", "Content-Range": "\(sent)-\(sent + count - 1)",
                    ], body: Self.body(source, sent, count), cancellation)
                // A repeated piece of which the server kept a part: it says how far it is.
                if piece.status == 416, let reached = Self.reached(piece), reached > sent, reached <= size {
                    sent = reached
                } else if piece.status == 202 {
                    sent += count
                } else {
                    throw RegistryFault.error(piece, "push", subject("\(descriptor.digest)"))
                }
                piece.discard()
                if piece.headers["Location"] != nil { url = try location(piece, host) }
                onProgress(sent)
            }
        }
        url.target += (url.target.contains("?") ? "&" : "?") + "digest=\(HTTPURL.escape(descriptor.digest.description))"
        let rest = size - sent
        let done = try send(
            "PUT", at: url, to: host, scope: scope(.push), headers: ["Content-Type": "application/octet-stream"],
            body: rest > 0 ? Self.body(source, sent, rest) : .bytes([]), cancellation)
        if done.status != 201 { throw RegistryFault.error(done, "push", subject("\(descriptor.digest)")) }
        done.discard()
        onProgress(size)
    }

    private static func body(_ source: BlobSource, _ offset: Int64, _ count: Int64) -> HTTPBody {
        .stream(count) { (sink) throws(EngineError) in try source.read(offset, count, sink) }
    }

    /// The end of `Range: 0-N`.
    private static func reached(_ exchange: HTTPExchange) -> Int64? {
        let text = exchange.headers["Range"] ?? ""
        return text.split(separator: "-").last.flatMap { Int64($0) }.map { $0 + 1 }
    }

    private func location(_ exchange: HTTPExchange, _ host: RegistryHost) throws(EngineError) -> HTTPURL {
        guard let text = exchange.headers["Location"] else {
            throw EngineError(
                .dataLoss, operation: "push", subject: host.name, message: "does not say where to upload to")
        }
        return try host.url("").resolving(text)
    }

    /// Gives the repository a manifest or index, under a tag or its digest.
    public func putManifest(
        _ bytes: [UInt8], _ descriptor: Descriptor, place: String, _ cancellation: Cancellation
    ) throws(EngineError) {
        let host = try target
        let exchange = try send(
            "PUT", "manifests/\(place)", to: host, scope: scope(.push),
            headers: ["Content-Type": descriptor.mediaType.rawValue], body: .bytes(bytes), cancellation)
        if ![200, 201, 202].contains(exchange.status) {
            throw RegistryFault.error(exchange, "push", subject(place))
        }
        exchange.discard()
    }

    /// Whether the repository has the manifest already.
    public func hasManifest(_ digest: Digest, _ cancellation: Cancellation) throws(EngineError) -> Bool {
        let exchange = try send("HEAD", "manifests/\(digest)", to: try target, scope: scope(.push), cancellation)
        exchange.discard()
        if exchange.status == 200 { return true }
        if exchange.status == 404 { return false }
        throw RegistryFault.error(exchange, "push", subject("\(digest)"))
    }
}
