import Glibc
public import SwctrCore
internal import SwctrLinux

/// An open blob. It can be read to its end even when the blob is removed meanwhile.
public struct BlobReader: ~Copyable, Sendable {
    public let digest: Digest
    /// Bytes.
    public let size: Int64
    private let file: OwnedFD

    init(store: LocalContentStore, digest: Digest) throws(EngineError) {
        self.digest = digest
        let file: OwnedFD
        do throws(EngineError) {
            file = try OwnedFD.open(store.path(of: digest), O_RDONLY | O_NOFOLLOW)
        } catch {
            if error.code != .notFound { throw error }
            throw EngineError(
                .notFound, subject: "content \(digest)", message: "not found",
                hint: "swctr content ls shows what is here")
        }
        size = Int64(try file.status(subject: "content \(digest)").st_size)
        self.file = file
    }

    /// Reads on from where the last read ended; 0 at the end.
    public mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(EngineError) -> Int {
        try file.read(into: buffer, subject: "content \(digest)")
    }

    /// Reads from `offset` on next.
    public mutating func seek(to offset: Int64) throws(EngineError) {
        let descriptor = file.number
        try retryingInterrupts("seek in", subject: "content \(digest)") { lseek(descriptor, off_t(offset), SEEK_SET) }
    }
}
