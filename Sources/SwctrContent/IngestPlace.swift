import Glibc
internal import SwctrCore
internal import SwctrLinux
import Synchronization

/// Where a write goes on: a file of no name that goes with its owner, or a folder of a name's own that stays.
///
///     ingest/<random>          a write that is lost with its writer
///     ingest/<hash>/ref        the name of a write that can be taken up again
///     ingest/<hash>/data       its bytes so far
struct IngestPlace: ~Copyable, Sendable {
    let data: String
    private let folder: String?
    private let name: String
    private let busy: BusyNames?

    /// Without a name.
    init(root: String) {
        data = "\(root)/ingest/\(String(UInt64.random(in: .min ... .max), radix: 36))"
        folder = nil
        name = ""
        busy = nil
    }

    /// - Throws: `.unavailable` while another writer has the name.
    init(root: String, name: String, busy: BusyNames) throws(EngineError) {
        let folder = try Self.folder(root: root, name: name)
        guard busy.names.withLock({ $0.insert(name).inserted }) else {
            throw EngineError(.unavailable, subject: "ingest \"\(name)\"", message: "is being written by somebody else")
        }
        do throws(EngineError) { try Self.prepare(folder, name) } catch {
            busy.names.withLock { _ = $0.remove(name) }
            throw error
        }
        self.folder = folder
        self.name = name
        self.busy = busy
        data = folder + "/data"
    }

    private static func prepare(_ folder: String, _ name: String) throws(EngineError) {
        if mkdir(folder, 0o700) != 0 && errno != EEXIST { throw .system("create folder", subject: folder) }
        if access(folder + "/ref", F_OK) == 0 { return }
        let file = try OwnedFD.open(folder + "/ref.new", O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
        try Array(name.utf8).withUnsafeBufferPointer { (bytes) throws(EngineError) in
            try file.write(all: UnsafeRawBufferPointer(bytes), subject: folder)
        }
        if rename(folder + "/ref.new", folder + "/ref") != 0 { throw .system("rename", subject: folder) }
    }

    deinit {
        if folder == nil { _ = unlink(data) }
        if let busy { busy.names.withLock { _ = $0.remove(name) } }
    }

    var isNamed: Bool { folder != nil }

    /// Removes what was written, and the name.
    borrowing func discard() {
        _ = unlink(data)
        if let folder { Self.remove(folder) }
    }

    static func remove(_ folder: String) {
        for name in ["data", "ref.new", "ref"] { _ = unlink("\(folder)/\(name)") }
        _ = rmdir(folder)
    }

    static func folder(root: String, name: String) throws(EngineError) -> String {
        "\(root)/ingest/\(try DigestHasher.digest(Array(name.utf8)).hex)"
    }
}

/// Names that a writer of this process has.
final class BusyNames: Sendable {
    let names = Mutex<Set<String>>([])
}
