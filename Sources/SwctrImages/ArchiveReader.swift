import Dispatch
import SwctrContent
public import SwctrCore
import SwctrOCI
import SwctrSnapshots

/// Takes an image archive in as its bytes come. Whoever feeds it is held back by how fast the disk is.
///
/// - Note: `@unchecked Sendable`: all state is touched on `queue` only, one piece after the other; file work there keeps
///   off the threads that Swift's tasks share.
public final class ArchiveReader: @unchecked Sendable {
    private let queue = DispatchQueue(label: "swctr.import")
    private let intake: ArchiveIntake
    private var decoder = TarDecoder()
    private var decompressor = Decompressor()
    private var failure: EngineError?

    /// - Parameter hold: keeps what comes in until it has a name.
    init(content: LocalContentStore, hold: Hold) { intake = ArchiveIntake(content: content, hold: hold) }

    /// Takes the next bytes; a compressed archive is decompressed on the way.
    ///
    /// - Throws: what is wrong with the archive, or what the disk said; from then on always.
    public func push(_ bytes: [UInt8]) async throws(EngineError) {
        try await onQueue { reader throws(EngineError) in
            var failed: EngineError?
            bytes.withUnsafeBytes { raw in
                do throws(EngineError) {
                    try reader.decompressor.push(raw) { piece throws(EngineError) in
                        try reader.decoder.push(piece, to: reader.intake)
                    }
                } catch {
                    failed = error
                }
            }
            if let failed { throw failed }
        }
    }

    /// No more bytes: what the archive turned out to hold.
    func finish() async throws(EngineError) -> ArchiveContents {
        try await onQueue { reader throws(EngineError) in
            try reader.decompressor.finish { piece throws(EngineError) in
                try reader.decoder.push(piece, to: reader.intake)
            }
            try reader.decoder.finish()
            return reader.intake.contents
        }
    }

    private func onQueue<Value: Sendable>(
        _ body: @escaping @Sendable (ArchiveReader) throws(EngineError) -> Value
    ) async throws(EngineError) -> Value {
        let result: Result<Value, EngineError> = await withCheckedContinuation { continuation in
            queue.async { [self] in
                if let failure {
                    continuation.resume(returning: .failure(failure))
                    return
                }
                do throws(EngineError) {
                    continuation.resume(returning: .success(try body(self)))
                } catch {
                    let error = error.during("import")
                    failure = error
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }
}

/// Turns tar entries into blobs and documents.
private final class ArchiveIntake: TarHandler {
    private(set) var contents = ArchiveContents()
    private let content: LocalContentStore
    private let hold: Hold
    private var current: Current = .nothing

    private enum Current: ~Copyable {
        case nothing
        case document(name: String, bytes: [UInt8])
        case blob(name: String, expected: Digest?, size: Int64, writer: ContentWriter)
    }

    init(content: LocalContentStore, hold: Hold) {
        self.content = content
        self.hold = hold
    }

    func begin(_ entry: TarEntry) throws(EngineError) {
        let name = ArchiveContents.normalized(String(decoding: entry.path, as: UTF8.self))
        current = .nothing
        switch entry.kind {
        case .file:
            try contents.count(name)
            if ArchiveContents.documentNames.contains(name) {
                if entry.size > ImageGraph.documentLimit {
                    throw EngineError(
                        .resourceExhausted, subject: "archive entry \"\(name)\"",
                        message: "is \(entry.size) bytes long, at most \(ImageGraph.documentLimit) are read")
                }
                current = .document(name: name, bytes: [])
            } else {
                let expected = try ArchiveContents.digest(ofEntry: name)
                current = .blob(
                    name: name, expected: expected, size: entry.size,
                    writer: try content.ingest(expected?.algorithm ?? .sha256))
            }
        case .hardLink, .symbolicLink:
            try contents.count(name)
            contents.link(
                name, to: String(decoding: entry.link, as: UTF8.self), isSymbolic: entry.kind == .symbolicLink)
        default: break
        }
    }

    func data(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(EngineError) {
        switch take() {
        case .nothing: break
        case .document(let name, var collected):
            collected.append(contentsOf: bytes)
            current = .document(name: name, bytes: collected)
        case .blob(let name, let expected, let size, var writer):
            guard writer.size == offset else {
                throw EngineError(
                    .invalidArgument, subject: "archive entry \"\(name)\"", message: "is sparse, which no image file is"
                )
            }
            try writer.append(bytes)
            current = .blob(name: name, expected: expected, size: size, writer: writer)
        }
    }

    func end() throws(EngineError) {
        switch take() {
        case .nothing: break
        case .document(let name, let bytes): contents.documents[name] = bytes
        case .blob(let name, let expected, let size, let writer):
            let (digest, stored) = try writer.commit(expecting: expected, size: size) { [hold] in
                hold.keep(.blob($0))
            }
            contents.blobs[name] = ArchiveContents.Blob(digest: digest, size: stored)
        }
    }

    private func take() -> Current {
        var taken = Current.nothing
        swap(&taken, &current)
        return taken
    }
}
