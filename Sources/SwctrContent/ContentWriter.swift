import Glibc
public import SwctrCore
internal import SwctrLinux

/// A blob being written. It is nothing to anybody until `commit`; without one its bytes go when it goes.
public struct ContentWriter: ~Copyable {
    private let store: LocalContentStore
    private let unfinished: UnfinishedFile
    private let file: OwnedFD
    private var hasher: DigestHasher
    /// Bytes so far.
    public private(set) var size: Int64 = 0

    init(store: LocalContentStore, algorithm: Digest.Algorithm) throws(EngineError) {
        let hasher = try DigestHasher(algorithm)
        let path = "\(store.root)/ingest/\(String(UInt64.random(in: .min ... .max), radix: 36))"
        let file = try OwnedFD.open(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
        self.store = store
        self.hasher = hasher
        self.file = file
        unfinished = UnfinishedFile(path: path)
    }

    /// Adds bytes.
    ///
    /// - Throws: `.resourceExhausted` when the disk is full.
    public mutating func append(_ bytes: UnsafeRawBufferPointer) throws(EngineError) {
        try file.write(all: bytes, subject: "ingest")
        hasher.update(bytes)
        size += Int64(bytes.count)
    }

    /// Adds bytes.
    public mutating func append(_ bytes: [UInt8]) throws(EngineError) {
        try bytes.withUnsafeBufferPointer { (bytes) throws(EngineError) in try append(UnsafeRawBufferPointer(bytes)) }
    }

    /// Compares, syncs and makes the blob visible. Another that is there already stays.
    ///
    /// - Parameters:
    ///   - expected: what the bytes must hash to; nil to learn it.
    ///   - expectedSize: in bytes.
    /// - Throws: `.failedPrecondition` that names both digests or both sizes; nothing is stored then.
    public consuming func commit(
        expecting expected: Digest? = nil, size expectedSize: Int64? = nil
    ) throws(EngineError) -> (digest: Digest, size: Int64) {
        let subject = expected.map { "content \($0)" } ?? ""
        if let expectedSize, expectedSize != size {
            throw EngineError(
                .failedPrecondition, operation: "ingest", subject: subject,
                message: "unexpected size \(size), expected \(expectedSize)")
        }
        let digest = try hasher.finish()
        if let expected, expected != digest {
            throw EngineError(
                .failedPrecondition, operation: "ingest", subject: subject,
                message: "unexpected digest \(digest), expected \(expected)")
        }
        // One of another size is damaged: the rename heals it.
        if store.size(of: digest) != size {
            try file.synchronizeData(subject: "ingest")
            if rename(unfinished.path, store.path(of: digest)) != 0 {
                throw .system("store", subject: "content \(digest)")
            }
            try OwnedFD.directory("\(store.root)/blobs/\(digest.algorithm.rawValue)")
                .synchronize(subject: "content \(digest)")
        }
        return (digest, size)
    }
}

/// Removes a file that did not come to anything; after the rename there is none under this name any more.
struct UnfinishedFile: ~Copyable {
    let path: String
    init(path: String) { self.path = path }
    deinit { _ = unlink(path) }
}
