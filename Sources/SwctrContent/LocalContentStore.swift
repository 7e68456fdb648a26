import Glibc
public import SwctrCore
internal import SwctrLinux

/// Immutable blobs, each under its digest, in a folder that is itself an OCI image layout:
///
///     oci-layout  index.json  blobs/sha256/<hex>  ingest/<writes under way>
///
/// A blob becomes visible by a rename, after its bytes were digested, compared and brought to the disk. Whatever is
/// in `blobs` is therefore whole, also after a power failure. Blobs are shared by all namespaces: who may see one is
/// the metadata's matter.
public struct LocalContentStore: Sendable {
    /// The layout's folder.
    public let root: String
    let busy = BusyNames()

    /// Opens the store in `root` and creates what is missing. Writes that an earlier process did not finish are
    /// thrown away, unless they have a name.
    public static func open(root: String) throws(EngineError) -> LocalContentStore {
        let store = LocalContentStore(root: root)
        for folder in ["", "/blobs", "/blobs/sha256", "/blobs/sha512", "/ingest"] {
            if mkdir(root + folder, 0o700) != 0 && errno != EEXIST {
                throw .system("create folder", subject: root + folder)
            }
        }
        try store.clearIngests()
        if access(root + "/oci-layout", F_OK) != 0 {
            try store.replace("oci-layout", with: Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8))
        }
        if access(root + "/index.json", F_OK) != 0 {
            try store.writeIndex(Array(#"{"schemaVersion":2,"manifests":[]}"#.utf8))
        }
        return store
    }

    /// Begins a write of a blob whose digest need not be known yet.
    public func ingest(_ algorithm: Digest.Algorithm = .sha256) throws(EngineError) -> ContentWriter {
        try ContentWriter(store: self, algorithm: algorithm, place: IngestPlace(root: root))
    }

    /// Stores a small blob.
    ///
    /// - Parameter announce: told the digest before the blob can be seen under it.
    @discardableResult
    public func store(
        _ bytes: [UInt8], expecting digest: Digest? = nil, announce: (Digest) -> Void = { _ in }
    ) throws(EngineError) -> Digest {
        var writer = try ingest(digest?.algorithm ?? .sha256)
        try writer.append(bytes)
        return try writer.commit(expecting: digest, announce: announce).digest
    }

    /// Opens a blob.
    ///
    /// - Throws: `.notFound` that names the digest.
    public func read(_ digest: Digest) throws(EngineError) -> BlobReader { try BlobReader(store: self, digest: digest) }

    /// A small blob as a whole.
    ///
    /// - Parameter limit: bytes; a larger blob is refused with `.resourceExhausted`.
    public func bytes(of digest: Digest, limit: Int) throws(EngineError) -> [UInt8] {
        var reader = try read(digest)
        if reader.size > Int64(limit) {
            throw EngineError(
                .resourceExhausted, subject: "content \(digest)",
                message: "holds \(reader.size) bytes where at most \(limit) are allowed")
        }
        var bytes = [UInt8](repeating: 0, count: Int(reader.size))
        var done = 0
        while done < bytes.count {
            let count = try bytes.withUnsafeMutableBufferPointer { (buffer) throws(EngineError) in
                try reader.read(
                    into: UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: buffer[done...])))
            }
            if count == 0 { throw EngineError(.dataLoss, subject: "content \(digest)", message: "is cut short") }
            done += count
        }
        return bytes
    }

    /// The blob's size in bytes; nil where there is none.
    public func size(of digest: Digest) -> Int64? {
        var status = stat()
        return lstat(path(of: digest), &status) == 0 ? Int64(status.st_size) : nil
    }

    /// Whether the blob is here.
    public func contains(_ digest: Digest) -> Bool { size(of: digest) != nil }

    /// Removes a blob; open readers keep theirs. Tells whether there was one.
    @discardableResult
    public func remove(_ digest: Digest) throws(EngineError) -> Bool {
        if unlink(path(of: digest)) == 0 { return true }
        if errno == ENOENT { return false }
        throw .system("remove", subject: "content \(digest)")
    }

    /// Every blob on disk, sorted.
    public func digests() throws(EngineError) -> [Digest] {
        var found: [Digest] = []
        for algorithm in [Digest.Algorithm.sha256, .sha512] {
            let folder = "\(root)/blobs/\(algorithm.rawValue)"
            for entry in try OwnedFD.directory(folder).entries(subject: folder) {
                // Anything else was put there by somebody else: not ours to list.
                if let digest = try? Digest("\(algorithm.rawValue):\(entry.text)") { found.append(digest) }
            }
        }
        return found.sorted()
    }

    /// Replaces `index.json`, so that other tools see the images under their names.
    public func writeIndex(_ json: [UInt8]) throws(EngineError) { try replace("index.json", with: json) }

    /// Where a blob is, for tools beside us; a digest cannot name anything outside.
    public func path(of digest: Digest) -> String { "\(root)/blobs/\(digest.algorithm.rawValue)/\(digest.hex)" }

    private func replace(_ name: String, with bytes: [UInt8]) throws(EngineError) {
        let temporary = "\(root)/ingest/\(name)"
        let file = try OwnedFD.open(temporary, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
        try bytes.withUnsafeBufferPointer { (bytes) throws(EngineError) in
            try file.write(all: UnsafeRawBufferPointer(bytes), subject: temporary)
        }
        try file.synchronizeData(subject: temporary)
        if rename(temporary, "\(root)/\(name)") != 0 { throw .system("rename", subject: "\(root)/\(name)") }
    }
}
