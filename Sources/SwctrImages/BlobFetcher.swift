import SwctrContent
import SwctrCore
import SwctrHTTP
import SwctrOCI
import SwctrRegistry

/// Brings blobs from a repository into the content store. What breaks off goes on where it was, also in a later process.
struct BlobFetcher: Sendable {
    let content: LocalContentStore
    let repository: Repository

    /// Tries without a single new byte, one after the other, before it gives up.
    private static let tries = 5

    /// Fetches a blob that is not there yet. Blocks the thread.
    ///
    /// - Parameters:
    ///   - unpack: sees the bytes as they come, those of an earlier try first.
    ///   - onProgress: told how many bytes are there.
    /// - Throws: `.failedPrecondition` where the bytes are not those of the digest, twice; `.deadlineExceeded` and `.unavailable`
    ///   with how far it came.
    func fetch(
        _ descriptor: Descriptor, kind: String, unpack: LayerUnpack?, _ cancellation: Cancellation,
        onProgress: (Int64) -> Void
    ) throws(EngineError) {
        do throws(EngineError) {
            try fetchOnce(descriptor, kind, unpack, cancellation, onProgress)
        } catch {
            if error.code != .dataLoss { throw error }
            // Damaged on the way, or what an earlier process left was: once more, from the start.
            unpack?.giveUp()
            onProgress(0)
            do throws(EngineError) {
                try fetchOnce(descriptor, kind, unpack, cancellation, onProgress)
            } catch {
                // Nothing of ours is lost.
                var told = error
                if told.code == .dataLoss { told.code = .failedPrecondition }
                throw told
            }
        }
    }

    private func fetchOnce(
        _ descriptor: Descriptor, _ kind: String, _ unpack: LayerUnpack?, _ cancellation: Cancellation,
        _ onProgress: (Int64) -> Void
    ) throws(EngineError) {
        var writer = try content.ingest(named: "\(kind)-\(descriptor.digest)", descriptor.digest.algorithm)
        if writer.left > descriptor.size { try writer.restart() }
        try writer.replay { (bytes) throws(EngineError) in unpack?.push(bytes) }
        onProgress(writer.size)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
        defer { buffer.deallocate() }
        var failures = 0
        while writer.size < descriptor.size {
            let before = writer.size
            do throws(EngineError) {
                try repository.blob(descriptor, from: before, cancellation) { (exchange, start) throws(EngineError) in
                    // A server that cannot skip begins at the beginning.
                    var surplus = before - start
                    while true {
                        let count = try exchange.read(into: buffer)
                        if count == 0 { return }
                        let skipped = Int(min(surplus, Int64(count)))
                        surplus -= Int64(skipped)
                        let bytes = UnsafeRawBufferPointer(rebasing: buffer[skipped..<count])
                        if writer.size + Int64(bytes.count) > descriptor.size {
                            throw EngineError(
                                .invalidArgument,
                                message: "the registry sends more than the \(descriptor.size) bytes announced")
                        }
                        try writer.append(bytes)
                        unpack?.push(bytes)
                        onProgress(writer.size)
                    }
                }
                if writer.size < descriptor.size {
                    throw EngineError(.unavailable, message: "the registry sends no more")
                }
            } catch {
                let mayGoOn = error.code == .unavailable || error.code == .deadlineExceeded
                failures = writer.size > before ? 1 : failures + 1
                if !mayGoOn || failures >= Self.tries { throw Self.annotated(error, descriptor, kind, writer.size) }
                try cancellation.pause(Repository.backoff(failures))
            }
        }
        do throws(EngineError) {
            _ = try writer.commit(expecting: descriptor.digest, size: descriptor.size)
        } catch {
            if error.code != .failedPrecondition { throw error }
            throw EngineError(
                .dataLoss, operation: "pull", subject: "\(kind) \(descriptor.digest)", message: error.message,
                hint: "the registry, or something on the way, changes what it sends")
        }
    }

    private static func annotated(
        _ error: EngineError, _ descriptor: Descriptor, _ kind: String, _ reached: Int64
    ) -> EngineError {
        if error.code == .cancelled { return error }
        var told = error
        told.causes.insert(error.description, at: 0)
        told.operation = "pull"
        told.subject = "\(kind) \(descriptor.digest)"
        let place = error.subject.isEmpty ? "" : "\(error.subject): "
        told.message = "\(place)\(error.message), after \(reached) of \(descriptor.size) bytes"
        if error.code == .unavailable || error.code == .deadlineExceeded {
            told.hint = "what is here stays: the next pull goes on from there"
        }
        return told
    }
}
