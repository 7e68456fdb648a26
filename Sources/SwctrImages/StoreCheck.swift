import Foundation
import SwctrContent
import SwctrCore
import SwctrLinux
import SwctrMetadata
import SwctrOCI
import SwctrSnapshots

/// Something in the stores that is not as it should be.
public struct StoreProblem: Sendable, Hashable {
    /// "content", "snapshot", "image", "layout".
    public var kind: String
    public var id: String
    public var problem: String
    public var isRepaired = false
}

/// What looking through the stores came to.
public struct StoreReport: Sendable {
    public var problems: [StoreProblem] = []
    public var blobs: Int64 = 0
    public var snapshots: Int64 = 0
}

extension ImageStore {
    /// Compares what is recorded with what is on the disk, in all namespaces.
    ///
    /// A repair takes away what cannot be used: a blob that is not what its name says, the record of a tree that is gone,
    /// a tree without a record. Images that miss something then are whole again after the next pull or import.
    ///
    /// - Parameters:
    ///   - deep: also digests every blob.
    ///   - repair: mends what can be mended.
    public func checkStore(deep: Bool, repair: Bool) async throws -> StoreReport {
        var report = StoreReport()
        try await checkContent(&report, deep: deep, repair: repair)
        try await checkSnapshots(&report, repair: repair)
        try await checkImages(&report)
        try await checkLayout(&report, repair: repair)
        if repair { try await collect() }
        return report
    }

    private func checkContent(_ report: inout StoreReport, deep: Bool, repair: Bool) async throws {
        let rows = Dictionary(grouping: try await metadata.read { try $0.content() }, by: \.digest)
        for (digest, rows) in rows.sorted(by: { $0.key < $1.key }) {
            report.blobs += 1
            guard let fault = try await fault(of: digest, size: rows[0].size, deep: deep) else { continue }
            var problem = StoreProblem(kind: "content", id: "\(digest)", problem: fault)
            if repair {
                try await metadata.write { tx in
                    for row in rows { try tx.removeContent(row.namespace, digest) }
                }
                try pins.unlessKept(.blob(digest)) { () throws(EngineError) in _ = try content.remove(digest) }
                problem.isRepaired = true
            }
            report.problems.append(problem)
        }
        // Blobs of no record are the collector's, unless they are damaged: then they would pass for the real ones.
        for digest in try content.digests() where rows[digest] == nil && deep {
            guard let fault = try await fault(of: digest, size: nil, deep: true) else { continue }
            if repair {
                try pins.unlessKept(.blob(digest)) { () throws(EngineError) in _ = try content.remove(digest) }
            }
            report.problems.append(
                StoreProblem(kind: "content", id: "\(digest)", problem: fault, isRepaired: repair))
        }
    }

    private func fault(of digest: Digest, size: Int64?, deep: Bool) async throws -> String? {
        guard let found = content.size(of: digest) else { return "is recorded and not there" }
        if let size, found != size { return "is \(found) bytes long, \(size) are recorded" }
        guard deep else { return nil }
        return try await BlockingWork.run { [content] () throws(EngineError) in
            var reader = try content.read(digest)
            var hasher = try DigestHasher(digest.algorithm)
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
            defer { buffer.deallocate() }
            while true {
                let count = try reader.read(into: buffer)
                if count == 0 { break }
                hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
            let found = try hasher.finish()
            return found == digest ? nil : "holds other bytes, of digest \(found)"
        }
    }

    private func checkSnapshots(_ report: inout StoreReport, repair: Bool) async throws {
        for name in snapshots.names {
            let driver = try snapshots.snapshotter(name)
            let trees = Set(try driver.ids())
            // Read after the trees: what is recorded by now and has none was not just being made.
            let (rows, intents) = try await metadata.read { tx in
                (try tx.snapshots(snapshotter: name), Set(try tx.intents(.snapshot).map(\.subject)))
            }
            report.snapshots += Int64(rows.count)
            // Children first, for a parent cannot go before them.
            for row in rows.reversed() where !trees.contains(row.id) && !intents.contains("\(row.id)") {
                var problem = StoreProblem(
                    kind: "snapshot", id: "\(row.namespace)/\(row.key)", problem: "is recorded, its files are gone")
                if repair {
                    do {
                        try await snapshots.remove(row.namespace, snapshotter: name, key: row.key)
                        problem.isRepaired = true
                    } catch let error as EngineError where error.code == .failedPrecondition {
                        problem.problem += "; \(error.message)"
                    }
                }
                report.problems.append(problem)
            }
            let known = Set(rows.map(\.id))
            for id in trees.sorted() where !known.contains(id) && !intents.contains("\(id)") {
                // It may have been made since the records were read.
                let now = try await metadata.read { tx in
                    try tx.snapshots(snapshotter: name).contains { $0.id == id }
                        || tx.intents(.snapshot).contains { $0.subject == "\(id)" }
                }
                if now { continue }
                if repair {
                    try await BlockingWork.run { () throws(EngineError) in
                        try driver.detach(id)
                        try driver.emptyTrash()
                    }
                }
                report.problems.append(
                    StoreProblem(
                        kind: "snapshot", id: "\(name)/\(id)", problem: "has files and no record", isRepaired: repair))
            }
        }
    }

    private func checkImages(_ report: inout StoreReport) async throws {
        for image in try await metadata.read({ try $0.images() }) {
            let name = "\(image.namespace)/\(image.name)"
            do {
                let found = try await check(image, snapshotter: snapshots.names[0])
                if found.present < found.required {
                    report.problems.append(
                        StoreProblem(
                            kind: "image", id: name,
                            problem: "misses \(found.required - found.present) of its \(found.required) parts: pull or "
                                + "import it again"))
                }
            } catch {
                report.problems.append(
                    StoreProblem(
                        kind: "image", id: name, problem: "cannot be read: \(EngineError(wrapping: error).message)"))
            }
        }
    }

    private func checkLayout(_ report: inout StoreReport, repair: Bool) async throws {
        let names = try await metadata.read { try $0.images() }.map(\.name).sorted()
        let text = try? TextFile.read(content.root + "/index.json", limit: 64 << 20)
        let index: Index? = text.flatMap { try? ImageGraph.decode(Array($0.utf8), "index.json") }
        let listed = (index?.manifests ?? []).compactMap { $0.annotations?["io.containerd.image.name"] }.sorted()
        if index != nil, listed == names { return }
        if repair { await publishIndex() }
        report.problems.append(
            StoreProblem(
                kind: "layout", id: "index.json", problem: "does not list the images that there are",
                isRepaired: repair))
    }
}
