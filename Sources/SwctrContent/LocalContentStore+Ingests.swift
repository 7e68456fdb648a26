import Glibc
public import SwctrCore
internal import SwctrLinux
import Synchronization

/// A write under a name that was not brought to its end, or goes on.
public struct IngestStatus: Sendable, Hashable {
    public var name: String
    /// Bytes so far.
    public var size: Int64
    /// Seconds since 1970 of its last byte.
    public var updated: Int64
    /// Whether somebody is writing now.
    public var isActive: Bool
}

extension LocalContentStore {
    /// Begins a write that outlives its writer, or goes on with it.
    ///
    /// - Throws: `.unavailable` while another writer has the name.
    public func ingest(
        named name: String, _ algorithm: Digest.Algorithm = .sha256
    ) throws(EngineError) -> ContentWriter {
        try ContentWriter(
            store: self, algorithm: algorithm, place: try IngestPlace(root: root, name: name, busy: busy))
    }

    /// All named writes, by name.
    public func ingests() throws(EngineError) -> [IngestStatus] {
        let active = busy.names.withLock { $0 }
        var found: [IngestStatus] = []
        for entry in try OwnedFD.directory(root + "/ingest").entries(subject: root + "/ingest") {
            let folder = "\(root)/ingest/\(entry.text)"
            // It may come to its end while the list is made.
            guard entry.type == DT_DIR, let name = try? TextFile.read(folder + "/ref", limit: 4096) else { continue }
            var status = stat()
            let hasData = lstat(folder + "/data", &status) == 0
            found.append(
                IngestStatus(
                    name: name, size: hasData ? Int64(status.st_size) : 0, updated: Int64(status.st_mtim.tv_sec),
                    isActive: active.contains(name)))
        }
        return found.sorted { $0.name < $1.name }
    }

    /// Throws a named write away; tells whether there was one.
    ///
    /// - Throws: `.unavailable` while somebody is writing.
    @discardableResult
    public func abort(named name: String) throws(EngineError) -> Bool {
        let folder = try IngestPlace.folder(root: root, name: name)
        guard access(folder, F_OK) == 0 else { return false }
        let place = try IngestPlace(root: root, name: name, busy: busy)
        place.discard()
        return true
    }

    /// At the start: what nobody can go on with is thrown away.
    func clearIngests() throws(EngineError) {
        let ingest = try OwnedFD.directory(root + "/ingest")
        for entry in try ingest.entries(subject: root + "/ingest") {
            let folder = "\(root)/ingest/\(entry.text)"
            if entry.type == DT_DIR {
                if access(folder + "/ref", F_OK) != 0 { IngestPlace.remove(folder) }
            } else {
                _ = unlinkat(ingest.number, entry.name, 0)
            }
        }
    }
}
