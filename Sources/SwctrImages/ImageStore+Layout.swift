import Foundation
import Logging
import SwctrContent
import SwctrCore
import SwctrMetadata
import SwctrOCI

extension ImageStore {
    /// Finishes what an earlier manager left: half-made snapshots go, and what nothing needs is collected in the
    /// background. To be called once, before clients are served.
    public func recover() async throws {
        try await snapshots.recover()
        await publishIndex()
        collectSoon()
    }

    /// Writes all names into the content store's `index.json`, so that other tools that know OCI layouts can read the
    /// images where they are. The database stays what counts: a failure here is logged, and mended by the next change.
    func publishIndex() async {
        do {
            try await indexWriter.write { [metadata, content] in
                let images = try await metadata.read { try $0.images() }
                let entries = images.map { image in
                    var entry = image.target
                    entry.annotations = [
                        "io.containerd.image.name": image.name, "org.opencontainers.image.ref.name": image.name,
                        "io.swctr.namespace": image.namespace.rawValue,
                    ]
                    return entry
                }
                try content.writeIndex(
                    [UInt8](ImageGraph.encoder.encode(Index(mediaType: .ociIndex, manifests: entries))))
            }
        } catch {
            log.warning("index.json was not written", metadata: ["error": "\(error)"])
        }
    }
}

/// Lets one write of the index happen after the other, each with what the database holds by then.
actor IndexWriter {
    private var last: Task<Void, any Error>?

    func write(_ body: @escaping @Sendable () async throws -> Void) async throws {
        let before = last
        let task = Task {
            _ = try? await before?.value
            try await body()
        }
        last = task
        try await task.value
    }
}
