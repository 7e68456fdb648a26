import SwctrCore

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
    var blobs: [String: Blob] = [:]
    /// `index.json`, `oci-layout`, `manifest.json`.
    var documents: [String: [UInt8]] = [:]
    /// Symbolic and hard links: name → name; older `docker save` writes equal layers once.
    private var links: [String: String] = [:]
    private var entries = 0

    /// Files of an archive; an image has dozens.
    private static let entryLimit = 100_000
    static let documentNames: Set<String> = ["index.json", "oci-layout", "manifest.json"]

    /// - Throws: `.resourceExhausted` for an archive of very many files.
    mutating func count(_ name: String) throws(EngineError) {
        entries += 1
        if entries > Self.entryLimit {
            throw EngineError(
                .resourceExhausted, subject: "archive", message: "holds more than \(Self.entryLimit) files")
        }
    }

    /// - Parameter name: normalized.
    mutating func link(_ name: String, to target: String, isSymbolic: Bool) {
        let folder = name.split(separator: "/").dropLast().joined(separator: "/")
        links[name] = Self.normalized(isSymbolic && !target.hasPrefix("/") ? "\(folder)/\(target)" : target)
    }

    /// The blob of a file, through links.
    ///
    /// - Throws: `.invalidArgument` where the archive names what it does not hold.
    func blob(_ path: String) throws(EngineError) -> Blob {
        var name = Self.normalized(path)
        for _ in 0..<16 {
            if let blob = blobs[name] { return blob }
            guard let target = links[name] else { break }
            name = target
        }
        throw EngineError(.invalidArgument, subject: "archive", message: "names \"\(path)\", which is not in it")
    }

    /// `./a//b/../c` → `a/c`; what leads above the top stays at the top, for nothing is opened by it.
    static func normalized(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return parts.joined(separator: "/")
    }

    /// The digest that an entry below `blobs/` claims; nil for any other entry.
    static func digest(ofEntry name: String) throws(EngineError) -> Digest? {
        let parts = name.split(separator: "/")
        guard parts.first == "blobs" else { return nil }
        guard parts.count == 3 else {
            throw EngineError(
                .invalidArgument, subject: "archive entry \"\(name)\"", message: "is no blob of an OCI layout")
        }
        return try Digest("\(parts[1]):\(parts[2])")
    }
}
