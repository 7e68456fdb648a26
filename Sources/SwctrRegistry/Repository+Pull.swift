import Foundation
import SwctrContent
public import SwctrCore
public import SwctrHTTP
public import SwctrOCI

extension Repository {
    /// Documents of images: what we ask for, in the order in which we like it.
    private static let manifestTypes: [MediaType] = [
        .ociIndex, .ociManifest, .dockerManifestList, .dockerManifest,
    ]
    /// Bytes of a manifest or index.
    static let documentLimit = 8 << 20

    /// Finds out what the reference's tag or digest stands for.
    ///
    /// - Returns: the descriptor, and the document itself where it came along.
    /// - Throws: `.notFound`, `.unauthenticated`, `.permissionDenied`, `.unavailable`.
    public func resolve(_ cancellation: Cancellation) throws(EngineError) -> (Descriptor, [UInt8]?) {
        let place = reference.digest?.description ?? reference.tag ?? "latest"
        let able = hosts.filter { reference.digest == nil ? $0.entry.canResolve : $0.entry.canPull }
        return try first(of: able, "resolve", place) { (host) throws(EngineError) in
            let head = try self.send(
                "HEAD", "manifests/\(place)", to: host, scope: self.scope(.pull), headers: Self.accept, cancellation)
            if head.status == 200, let descriptor = try self.descriptor(head) { return (descriptor, nil) }
            head.discard()
            if ![200, 400, 403, 405, 501].contains(head.status) {
                throw RegistryFault.error(head, "resolve", self.subject(place))
            }
            // Not every registry can do this; to some, asking for the document is another right.
            let bytes = try self.document(place, host, cancellation)
            return (bytes.0, bytes.1)
        }
    }

    /// A manifest, index or other small document, by its digest, verified.
    public func manifest(_ descriptor: Descriptor, _ cancellation: Cancellation) throws(EngineError) -> [UInt8] {
        if descriptor.size > Int64(Self.documentLimit) {
            throw EngineError(
                .resourceExhausted, subject: "manifest \(descriptor.digest)",
                message: "is \(descriptor.size) bytes long, at most \(Self.documentLimit) are read")
        }
        return try first(of: hosts.filter(\.entry.canPull), "pull", "\(descriptor.digest)") {
            (host) throws(EngineError) in
            let (found, bytes) = try self.document("\(descriptor.digest)", host, cancellation)
            if found.digest != descriptor.digest {
                throw EngineError(
                    .failedPrecondition, operation: "pull", subject: "manifest \(descriptor.digest)",
                    message: "\(host.name) gives another one, of digest \(found.digest)")
            }
            return bytes
        }
    }

    private func document(
        _ place: String, _ host: RegistryHost, _ cancellation: Cancellation
    ) throws(EngineError) -> (Descriptor, [UInt8]) {
        let exchange = try send(
            "GET", "manifests/\(place)", to: host, scope: scope(.pull), headers: Self.accept, cancellation)
        if exchange.status != 200 { throw RegistryFault.error(exchange, "pull", subject(place)) }
        let bytes = try exchange.bytes(limit: Self.documentLimit)
        let algorithm = (try? Digest(place))?.algorithm ?? .sha256
        var hasher = try DigestHasher(algorithm)
        bytes.withUnsafeBytes { hasher.update($0) }
        let digest = try hasher.finish()
        let type = Self.mediaType(exchange.headers["Content-Type"]) ?? Self.mediaType(in: bytes)
        return (Descriptor(mediaType: type ?? .ociManifest, digest: digest, size: Int64(bytes.count)), bytes)
    }

    /// What a HEAD's answer says; nil where it does not say enough.
    private func descriptor(_ exchange: HTTPExchange) throws(EngineError) -> Descriptor? {
        guard let text = exchange.headers["Docker-Content-Digest"], let digest = try? Digest(text),
            let size = exchange.headers["Content-Length"].flatMap(Int64.init), size >= 0,
            let type = Self.mediaType(exchange.headers["Content-Type"])
        else { return nil }
        if let wanted = reference.digest, wanted != digest { return nil }
        return Descriptor(mediaType: type, digest: digest, size: size)
    }

    private static var accept: HTTPHeaders {
        ["Accept": (manifestTypes.map(\.rawValue) + ["*/*"]).joined(separator: ", ")]
    }

    private static func mediaType(_ text: String?) -> MediaType? {
        guard let text else { return nil }
        let type = MediaType(String(text.prefix { $0 != ";" && $0 != " " }))
        return manifestTypes.contains(type) ? type : nil
    }

    private struct Typed: Decodable { var mediaType: MediaType? }

    private static func mediaType(in bytes: [UInt8]) -> MediaType? {
        (try? JSONDecoder().decode(Typed.self, from: Data(bytes)))?.mediaType
    }

    /// Opens a blob at an offset.
    ///
    /// - Parameter body: given the answer, and where in the blob it begins: at 0 where the server does not skip.
    public func blob(
        _ descriptor: Descriptor, from offset: Int64, _ cancellation: Cancellation,
        _ body: (HTTPExchange, Int64) throws(EngineError) -> Void
    ) throws(EngineError) {
        try first(of: hosts.filter(\.entry.canPull), "pull", "\(descriptor.digest)") { (host) throws(EngineError) in
            var headers: HTTPHeaders = ["Accept": "*/*"]
            if offset > 0 { headers.add("Range", "bytes=\(offset)-") }
            let exchange = try self.send(
                "GET", "blobs/\(descriptor.digest)", to: host, scope: self.scope(.pull), headers: headers, cancellation)
            switch exchange.status {
            case 200: try body(exchange, 0)
            case 206: try body(exchange, try Self.start(exchange, offset))
            default: throw RegistryFault.error(exchange, "pull", self.subject("\(descriptor.digest)"))
            }
        }
    }

    /// Where `Content-Range: bytes 100-199/200` begins.
    private static func start(_ exchange: HTTPExchange, _ offset: Int64) throws(EngineError) -> Int64 {
        let text = exchange.headers["Content-Range"] ?? ""
        let number = text.drop { !$0.isNumber }.prefix { $0.isNumber }
        guard let start = Int64(number), start == offset else {
            throw EngineError(
                .dataLoss, operation: "pull", message: "the server gives another part than was asked for (\(text))")
        }
        return start
    }

    /// Tries the hosts in turn; the first that has it counts.
    private func first<Value>(
        of hosts: [RegistryHost], _ operation: String, _ place: String,
        _ body: (RegistryHost) throws(EngineError) -> Value
    ) throws(EngineError) -> Value {
        var failure: EngineError?
        for host in hosts {
            do throws(EngineError) { return try body(host) } catch {
                if error.code == .cancelled { throw error }
                // That a mirror does not have it, or is not there, says less than what the registry says.
                if failure == nil || failure?.code == .notFound || !host.isMirror { failure = error }
            }
        }
        throw failure
            ?? EngineError(
                .failedPrecondition, operation: operation, subject: subject(place),
                message: "no server in hosts.toml may be asked for it")
    }

    func subject(_ place: String) -> String {
        place.contains(":") ? "\(reference.name)@\(place)" : "\(reference.name):\(place)"
    }

    /// What refers to a manifest: signatures, attestations, bills of material.
    ///
    /// - Throws: `.notFound` where the registry knows neither the call nor the tag that stood for it before.
    public func referrers(
        of digest: Digest, artifactType: String = "", _ cancellation: Cancellation
    ) throws(EngineError) -> Index {
        try first(of: hosts.filter(\.entry.canPull), "list referrers", "\(digest)") { (host) throws(EngineError) in
            let query = artifactType.isEmpty ? "" : "?artifactType=\(HTTPURL.escape(artifactType))"
            var exchange = try self.send(
                "GET", "referrers/\(digest)\(query)", to: host, scope: self.scope(.pull), headers: Self.accept,
                cancellation)
            if exchange.status == 404 {
                exchange.discard()
                exchange = try self.send(
                    "GET", "manifests/\(digest.algorithm.rawValue)-\(digest.hex)", to: host, scope: self.scope(.pull),
                    headers: Self.accept, cancellation)
                // Without the call there is no referrer but what the tag lists.
                if exchange.status == 404 { return Index(manifests: []) }
            }
            if exchange.status != 200 {
                throw RegistryFault.error(exchange, "list referrers", self.subject("\(digest)"))
            }
            let bytes = try exchange.bytes(limit: Self.documentLimit)
            var index: Index
            do { index = try JSONDecoder().decode(Index.self, from: Data(bytes)) } catch {
                throw EngineError(
                    .dataLoss, operation: "list referrers", subject: host.name, message: "the answer is no index")
            }
            if !artifactType.isEmpty { index.manifests.removeAll { $0.artifactType != artifactType } }
            return index
        }
    }
}
