import Glibc
public import SwctrCore
internal import SwctrLinux

/// A blob being written. It is nothing to anybody until `commit`.
///
/// Without a commit its bytes go when it goes, unless it has a name: then they stay, and who opens the name again goes
/// on from there.
public struct ContentWriter: ~Copyable, Sendable {
    private let store: LocalContentStore
    private let place: IngestPlace
    private let file: OwnedFD
    private var hasher: DigestHasher
    private let algorithm: Digest.Algorithm
    /// Bytes so far.
    public private(set) var size: Int64 = 0
    /// Bytes that an earlier writer of this name left and that were not yet `replay`ed.
    public private(set) var left: Int64 = 0

    init(store: LocalContentStore, algorithm: Digest.Algorithm, place: consuming IngestPlace) throws(EngineError) {
        let hasher = try DigestHasher(algorithm)
        let flags = place.isNamed ? O_RDWR | O_CREAT : O_WRONLY | O_CREAT | O_EXCL
        let file = try OwnedFD.open(place.data, flags | O_NOFOLLOW, mode: 0o600)
        if place.isNamed { left = Int64(try file.status(subject: "ingest").st_size) }
        self.store = store
        self.hasher = hasher
        self.algorithm = algorithm
        self.file = file
        self.place = place
    }

    /// Takes in what an earlier writer of this name left, before anything is appended.
    ///
    /// - Parameter sink: sees these bytes, in order.
    public mutating func replay(
        _ sink: (UnsafeRawBufferPointer) throws(EngineError) -> Void = { _ in }
    ) throws(EngineError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
        defer { buffer.deallocate() }
        while left > 0 {
            let count = try file.read(
                into: UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(Int(min(left, Int64(buffer.count))))),
                subject: "ingest")
            if count == 0 {
                throw EngineError(.dataLoss, subject: "ingest", message: "became shorter while it was read")
            }
            let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            hasher.update(bytes)
            size += Int64(count)
            left -= Int64(count)
            try sink(bytes)
        }
    }

    /// Throws away all bytes, those of earlier writers too.
    public mutating func restart() throws(EngineError) {
        let descriptor = file.number
        try retryingInterrupts("truncate", subject: "ingest") { ftruncate(descriptor, 0) }
        try retryingInterrupts("rewind", subject: "ingest") { lseek(descriptor, 0, SEEK_SET) }
        hasher = try DigestHasher(algorithm)
        (size, left) = (0, 0)
    }

    /// Adds bytes.
    ///
    /// - Throws: `.resourceExhausted` when the disk is full.
    public mutating func append(_ bytes: UnsafeRawBufferPointer) throws(EngineError) {
        precondition(left == 0, "what was there before is replayed first")
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
    ///   - announce: told the digest before the blob can be seen under it.
    /// - Throws: `.failedPrecondition` that names both digests or both sizes; nothing is stored then, and what was
    ///   written under a name is gone.
    public consuming func commit(
        expecting expected: Digest? = nil, size expectedSize: Int64? = nil, announce: (Digest) -> Void = { _ in }
    ) throws(EngineError) -> (digest: Digest, size: Int64) {
        let subject = expected.map { "content \($0)" } ?? ""
        if let expectedSize, expectedSize != size {
            place.discard()
            throw EngineError(
                .failedPrecondition, operation: "ingest", subject: subject,
                message: "unexpected size \(size), expected \(expectedSize)")
        }
        let digest = try hasher.finish()
        if let expected, expected != digest {
            place.discard()
            throw EngineError(
                .failedPrecondition, operation: "ingest", subject: subject,
                message: "unexpected digest \(digest), expected \(expected)")
        }
        announce(digest)
        // One of another size is damaged: the rename heals it.
        if store.size(of: digest) != size {
            try file.synchronizeData(subject: "ingest")
            if rename(place.data, store.path(of: digest)) != 0 {
                throw .system("store", subject: "content \(digest)")
            }
            try OwnedFD.directory("\(store.root)/blobs/\(digest.algorithm.rawValue)")
                .synchronize(subject: "content \(digest)")
        }
        place.discard()
        return (digest, size)
    }
}
