import Foundation
import Glibc
import SwctrCore
import SwctrLinux
import SwctrSnapshots
import Testing

/// A folder of a test's own, with mounts that go when the test ends, however it ends.
final class SnapshotSpace {
    let path: String

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
        let table = (try? String(contentsOfFile: "/proc/self/mounts", encoding: .utf8)) ?? ""
        for line in table.split(separator: "\n").reversed() {
            let point = String(line.split(separator: " ")[1])
            if point.hasPrefix(path + "/") { _ = umount2(point, Int32(MNT_DETACH)) }
        }
        if let parent = try? OwnedFD.directory((path as NSString).deletingLastPathComponent) {
            _ = try? parent.removeTree((path as NSString).lastPathComponent)
        }
    }

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
            #expect(Glibc.mount(mount.source, point, mount.type, flags, data.joined(separator: ",")) == 0)
            if flags & UInt(MS_BIND) != 0, flags & UInt(MS_RDONLY) != 0 {
                #expect(Glibc.mount("", point, "", flags | UInt(MS_REMOUNT), nil) == 0)
            }
        }
        return point
    }

    func unmount(_ point: String) { #expect(umount2(point, 0) == 0) }
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
