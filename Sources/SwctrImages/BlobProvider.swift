import SwctrContent
import SwctrCore
import SwctrHTTP
import SwctrLinux
import SwctrOCI

/// Gives the bytes of blobs: from the content store, or from a registry, and then the store has them too.
struct BlobProvider: Sendable {
    let content: LocalContentStore
    /// Nil: what is not in the store is not to be had.
    var fetcher: BlobFetcher?
    let register: FetchRegister<Digest>
    let hold: Hold
    var board: TransferBoard?
    var cancellation: Cancellation?

    /// Makes sure that a blob is in the store, and feeds it to an unpacking layer meanwhile.
    ///
    /// - Throws: `.notFound` for what is not there and cannot be fetched; what fetching failed with.
    func provide(_ descriptor: Descriptor, kind: String, to unpack: LayerUnpack? = nil) async throws {
        hold.keep(.blob(descriptor.digest))
        while true {
            if content.size(of: descriptor.digest) == descriptor.size {
                board?.set(
                    TransferStatus(
                        kind: kind, digest: descriptor.digest, phase: unpack == nil ? .exists : .unpacking,
                        offset: descriptor.size, total: descriptor.size))
                if let unpack { try await feed(descriptor, to: unpack) }
                return
            }
            guard let fetcher, let cancellation else {
                throw EngineError(
                    .notFound, subject: "content \(descriptor.digest)", message: "not found",
                    hint: "pull or import the image again")
            }
            guard await register.claim(descriptor.digest) else { continue }
            do {
                let isFetched = try await BlockingWork.run { [board] () throws(EngineError) in
                    // Somebody else may have brought it between our look and our turn.
                    if content.size(of: descriptor.digest) == descriptor.size { return false }
                    board?.set(
                        TransferStatus(
                            kind: kind, digest: descriptor.digest, phase: .downloading, total: descriptor.size))
                    try fetcher.fetch(descriptor, kind: kind, unpack: unpack, cancellation) { offset in
                        board?.advance(descriptor.digest, to: offset)
                    }
                    board?.set(descriptor.digest, unpack == nil ? .done : .unpacking)
                    return true
                }
                await register.release(descriptor.digest)
                if isFetched { return }
            } catch {
                await register.release(descriptor.digest)
                throw error
            }
        }
    }

    private func feed(_ descriptor: Descriptor, to unpack: LayerUnpack) async throws {
        try await BlockingWork.run { [cancellation] () throws(EngineError) in
            var reader = try content.read(descriptor.digest)
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
            defer { buffer.deallocate() }
            while true {
                try cancellation?.check()
                let count = try reader.read(into: buffer)
                if count == 0 { return }
                unpack.push(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
        }
    }
}
