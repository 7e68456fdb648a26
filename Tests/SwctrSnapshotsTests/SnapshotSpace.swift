import Foundation
import Glibc
import SwctrCore
import SwctrLinux
import SwctrSnapshots
import Testing

/// A folder of a test's own, with mounts that go when the test ends, however it ends.
final class SnapshotSpace {
    let path: String
    /// What is mounted, oldest first.
    private var points: [String] = []

    private init() throws {
        path = FileManager.default.temporaryDirectory.path + "/swctr-snapshots-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    static func with(_ body: (SnapshotSpace) throws -> Void) throws {
        let space = try SnapshotSpace()
        defer { space.remove() }
        try body(space)
    }

    private func remove() {
        for point in points.reversed() {
            #expect(umount2(point, Int32(MNT_DETACH)) == 0, "\(point) was not unmounted")
        }
        #expect(throws: Never.self, "\(path) was not removed") {
            try OwnedFD.directory((path as NSString).deletingLastPathComponent)
                .removeTree((path as NSString).lastPathComponent)
        }
    }

    /// Takes charge of a mount that the test itself made.
    func adopt(mountAt point: String) { points.append(point) }

    func folder(_ name: String) throws -> String {
        let folder = path + "/" + name
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return folder
    }

    /// Mounts as a shim does it: flags and data apart.
    func mount(_ mounts: [Mount], at name: String) throws -> String {
        let point = try folder(name)
        for mount in mounts {
            var flags: UInt = 0
            var data: [String] = []
            for option in mount.options {
                switch option {
                case "ro": flags |= UInt(MS_RDONLY)
                case "rw": break
                case "rbind": flags |= UInt(MS_BIND | MS_REC)
                case "bind": flags |= UInt(MS_BIND)
                default: data.append(option)
                }
            }
            try #require(Glibc.mount(mount.source, point, mount.type, flags, data.joined(separator: ",")) == 0)
            points.append(point)
            if flags & UInt(MS_BIND) != 0, flags & UInt(MS_RDONLY) != 0 {
                #expect(Glibc.mount("", point, "", flags | UInt(MS_REMOUNT), nil) == 0)
            }
        }
        return point
    }

    func unmount(_ point: String) {
        #expect(umount2(point, 0) == 0)
        points.removeAll { $0 == point }
    }
}

/// Unpacks an archive into a directory, handing it over in pieces of `step` bytes.
@discardableResult
func apply(_ archive: [UInt8], to target: LayerTarget, step: Int = 4096, limits: LayerLimits = LayerLimits()) throws
    -> LayerResult
{
    var applier = try LayerApplier(target: target, limits: limits) { _ in }
    for start in stride(from: 0, to: archive.count, by: step) {
        try Array(archive[start..<min(start + step, archive.count)]).withUnsafeBytes { try applier.push($0) }
    }
    return try applier.finish()
}

/// What is in a tree, a line for each thing: type, mode, owner, size or device, links, target, path. No times.
func describe(_ root: String) throws -> [String] {
    var lines: [String] = []
    func walk(_ relative: String) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: root + relative).sorted() {
            let path = root + relative + "/" + name
            var status = stat()
            guard lstat(path, &status) == 0 else { continue }
            let kind = status.st_mode & S_IFMT
            var detail = ""
            switch kind {
            case S_IFREG: detail = "size \(status.st_size) links \(status.st_nlink)"
            case S_IFLNK: detail = "-> " + (try FileManager.default.destinationOfSymbolicLink(atPath: path))
            case S_IFCHR, S_IFBLK: detail = "device \(status.st_rdev)"
            default: break
            }
            let mode = String(status.st_mode, radix: 8)
            lines.append("\(relative)/\(name) \(mode) \(status.st_uid):\(status.st_gid) \(detail)")
            if kind == S_IFDIR { try walk(relative + "/" + name) }
        }
    }
    try walk("")
    return lines
}

func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }
func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
}
func status(_ path: String) throws -> stat {
    var status = stat()
    try #require(lstat(path, &status) == 0, "\(path)")
    return status
}
