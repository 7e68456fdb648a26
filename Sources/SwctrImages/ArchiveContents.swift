import SwctrContent
import SwctrCore
import SwctrOCI

/// What an image archive turned out to hold: its large files as blobs in the content store, its small documents here.
///
/// Entries come in any order, so everything is taken in before anything is understood.
struct ArchiveContents: Sendable {
    /// A file that is now a blob.
    struct Blob: Sendable {
        var digest: Digest
        var size: Int64
    }

    /// File name → blob. Names are compared, never opened.
    private(set) var blobs: [String: Blob] = [:]
    /// Symbolic and hard links: name → name; older `docker save` writes equal layers once.
    private(set) var links: [String: String] = [:]
    /// `index.json`, `oci-layout`, `manifest.json`.
    private(set) var documents: [String: [UInt8]] = [:]

    /// Files of an archive; an image has dozens.
    private static let entryLimit = 100_000
    private static let documentNames: Set<String> = ["index.json", "oci-layout", "manifest.json"]

    /// Takes a regular file in.
    ///
    /// - Parameters:
    ///   - size: as the archive says; `next` gives just as many bytes.
    ///   - next: the next piece of its data, empty at the end.
    mutating func takeFile(
        _ path: String, size: Int64, into content: LocalContentStore, next: () throws(EngineError) -> [UInt8]
    ) throws(EngineError) {
        let name = Self.normalized(path)
        try countEntry(name)
        if Self.documentNames.contains(name) {
            documents[name] = try Self.whole(name, size: size, next)
            return
        }
        let expected = Self.digest(ofBlobPath: name)
        if name.hasPrefix("blobs/"), expected == nil {
            throw EngineError(.invalidArgument, subject: "archive entry \"\(name)\"", message: "is no digest of a known kind")
        }
        var writer = try content.ingest(expected?.algorithm ?? .sha256)
        while true {
            let piece = try next()
            if piece.isEmpty { break }
            try writer.append(piece)
        }
        let (digest, stored) = try writer.commit(expecting: expected, size: size)
        blobs[name] = Blob(digest: digest, size: stored)
    }

    mutating func takeLink(_ path: String, to target: String, isSymbolic: Bool) throws(EngineError) {
        let name = Self.normalized(path)
        try countEntry(name)
        let folder = name.split(separator: "/").dropLast().joined(separator: "/")
        links[name] = Self.normalized(isSymbolic && !target.hasPrefix("/") ? "\(folder)/\(target)" : target)
    }

    /// The blob of a file, through links.
    func blob(_ path: String) throws(EngineError) -> Blob {
        var name = Self.normalized(path)
        for _ in 0..<16 {
            if let blob = blobs[name] { return blob }
            guard let target = links[name] else { break }
            name = target
        }
        throw EngineError(.invalidArgument, subject: "archive", message: "names \"\(path)\", which is not in it")
    }

    private mutating func countEntry(_ name: String) throws(EngineError) {
        if blobs.count + links.count + documents.count >= Self.entryLimit {
            throw EngineError(.resourceExhausted, subject: "archive", message: "holds more than \(Self.entryLimit) files")
        }
    }

    private static func whole(
        _ name: String, size: Int64, _ next: () throws(EngineError) -> [UInt8]
    ) throws(EngineError) -> [UInt8] {
        if size > ImageGraph.documentLimit {
            throw EngineError(
                .resourceExhausted, subject: "archive entry \"\(name)\"",
                message: "is \(size) bytes long, at most \(ImageGraph.documentLimit) are read")
        }
        var bytes: [UInt8] = []
        while true {
            let piece = try next()
            if piece.isEmpty { return bytes }
            bytes += piece
        }
    }

    /// `./a//b/../c` → `a/c`; what leads above the top stays at the top, for nothing is opened by it.
    static func normalized(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return parts.joined(separator: "/")
    }

    private static func digest(ofBlobPath name: String) -> Digest? {
        let parts = name.split(separator: "/")
        guard parts.count == 3, parts[0] == "blobs" else { return nil }
        return try? Digest("\(parts[1]):\(parts[2])")
    }
}
