import Glibc
import SwctrCore
import SwctrLinux

/// Counts what a tree takes: a file with several names once, its root included.
struct TreeUsage {
    private var usage = SnapshotUsage(size: 0, inodes: 0)
    private var seen: Set<UInt64> = []

    static func measure(_ directory: DirectoryHandle, subject: String) throws(EngineError) -> SnapshotUsage {
        var measurement = TreeUsage()
        measurement.add(try directory.descriptor.status(subject: subject))
        try measurement.add(contentsOf: directory, subject: subject, depth: 0)
        return measurement.usage
    }

    private mutating func add(_ status: stat) {
        if status.st_nlink > 1, !status.isDirectory, !seen.insert(UInt64(status.st_ino)).inserted { return }
        usage.inodes += 1
        // stat counts in units of 512 bytes whatever the file system's blocks are.
        usage.size += Int64(status.st_blocks) * 512
    }

    private mutating func add(
        contentsOf directory: DirectoryHandle, subject: String, depth: Int
    ) throws(EngineError) {
        for entry in try directory.descriptor.entries(subject: subject) {
            // A container may be removing files while they are counted.
            guard let status = try directory.status(of: entry.name) else { continue }
            add(status)
            if status.isDirectory, depth < 1000, let inner = try? directory.child(entry.name) {
                try add(contentsOf: inner, subject: subject, depth: depth + 1)
            }
        }
    }
}
