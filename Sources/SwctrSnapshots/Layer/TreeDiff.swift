import CSwctrLinux
import Glibc
public import SwctrCore
import SwctrLinux

/// Writes down as a layer what one file tree changes of another (OCI image specification, "Image Layer Filesystem
/// Changeset"): what is new or different, and a whiteout for what is gone.
public struct TreeDiff {
    private var tar: TarWriter
    /// First name of each file with several, by device and inode.
    private var linked: [Inode: [UInt8]] = [:]

    private struct Inode: Hashable {
        let device: UInt64
        let number: UInt64
    }

    private static let maximumDepth = 2048

    /// - Parameters:
    ///   - lower: path of the tree to compare with; nil: an empty one.
    ///   - sink: takes the archive's bytes, in order.
    public static func write(
        from lower: String?, to upper: String, _ sink: @escaping (UnsafeRawBufferPointer) throws(EngineError) -> Void
    ) throws(EngineError) {
        var diff = TreeDiff(tar: TarWriter(sink))
        var below: DirectoryHandle?
        if let lower { below = DirectoryHandle(try OwnedFD.directory(lower)) }
        var folders: [Folder] = []
        try diff.compare(below, DirectoryHandle(try OwnedFD.directory(upper)), path: [], &folders, depth: 0)
        try diff.tar.finish()
    }

    /// A directory that is written only when something in it is.
    private struct Folder {
        var handle: DirectoryHandle
        var name: [CChar]
        var status: stat
        var path: [UInt8]
        var isWritten: Bool
    }

    private mutating func compare(
        _ lower: DirectoryHandle?, _ upper: DirectoryHandle, path: [UInt8], _ folders: inout [Folder], depth: Int
    ) throws(EngineError) {
        if depth > Self.maximumDepth {
            throw EngineError(
                .invalidArgument, operation: "diff", message: "the tree is deeper than \(Self.maximumDepth)")
        }
        let subject = String(decoding: path, as: UTF8.self)
        let names = try Self.names(in: upper, subject)
        let gone = Set(try lower.map { (lower) throws(EngineError) in try Self.names(in: lower, subject) } ?? [])
            .subtracting(names)
        for name in (names + gone).sorted(by: { Self.bytes($0).lexicographicallyPrecedes(Self.bytes($1)) }) {
            if gone.contains(name) {
                try writeFolders(&folders)
                var mark = TarEntry()
                mark.path = Self.joined(path, Array(".wh.".utf8) + Self.bytes(name))
                try tar.begin(mark)
                continue
            }
            guard let status = try upper.status(of: name) else { continue }
            let before = try lower?.status(of: name)
            let inner = Self.joined(path, Self.bytes(name))
            if status.isDirectory {
                let wasFolder = before?.isDirectory == true
                var isSame = false
                if let before, wasFolder { isSame = try Self.isSame(before, status, lower, upper, name) }
                folders.append(
                    Folder(handle: upper, name: name, status: status, path: inner, isWritten: false))
                if !isSame { try writeFolders(&folders) }
                try compare(
                    wasFolder ? try lower?.child(name) : nil, try upper.child(name), path: inner, &folders,
                    depth: depth + 1)
                folders.removeLast()
                continue
            }
            if let before, try Self.isSame(before, status, lower, upper, name) { continue }
            try writeFolders(&folders)
            try write(upper, name, status, path: inner)
        }
    }

    private mutating func writeFolders(_ folders: inout [Folder]) throws(EngineError) {
        for index in folders.indices where !folders[index].isWritten {
            let folder = folders[index]
            folders[index].isWritten = true
            try write(folder.handle, folder.name, folder.status, path: folder.path)
        }
    }

    private static func isSame(
        _ first: stat, _ second: stat, _ lower: DirectoryHandle?, _ upper: DirectoryHandle, _ name: [CChar]
    ) throws(EngineError) -> Bool {
        guard first.st_mode == second.st_mode, first.st_uid == second.st_uid, first.st_gid == second.st_gid else {
            return false
        }
        guard let lower else { return false }
        if !second.isDirectory {
            guard first.st_size == second.st_size, first.st_rdev == second.st_rdev,
                first.st_mtim.tv_sec == second.st_mtim.tv_sec, first.st_mtim.tv_nsec == second.st_mtim.tv_nsec
            else { return false }
            if second.kind == S_IFLNK, try lower.target(of: name) != upper.target(of: name) { return false }
        }
        return try attributes(lower, name) == attributes(upper, name)
    }

    private static func attributes(
        _ directory: DirectoryHandle, _ name: [CChar]
    ) throws(EngineError) -> [TarEntry.Attribute] {
        let (path, subject) = (directory.path(of: name), DirectoryHandle.text(name))
        var found: [TarEntry.Attribute] = []
        for attribute in try TreeCopy.attributes(of: path, subject: subject) {
            var value = [UInt8](repeating: 0, count: 65536)
            let size = swctr_lgetxattr(path, attribute, &value, value.count)
            // It may have gone, or be readable for the kernel only.
            if size < 0 { continue }
            found.append(TarEntry.Attribute(name: bytes(attribute), value: Array(value[..<size])))
        }
        return found.sorted { $0.name.lexicographicallyPrecedes($1.name) }
    }

    private mutating func write(
        _ directory: DirectoryHandle, _ name: [CChar], _ status: stat, path: [UInt8]
    ) throws(EngineError) {
        var entry = TarEntry()
        entry.path = path
        entry.mode = status.st_mode & 0o7777
        entry.uid = status.st_uid
        entry.gid = status.st_gid
        entry.modified = TarEntry.Time(
            seconds: Int64(status.st_mtim.tv_sec), nanoseconds: Int64(status.st_mtim.tv_nsec))
        switch status.kind {
        case S_IFDIR: entry.kind = .directory
        case S_IFLNK:
            entry.kind = .symbolicLink
            entry.link = try directory.target(of: name)
        case S_IFREG: entry.kind = .file
        case S_IFIFO: entry.kind = .fifo
        case S_IFCHR, S_IFBLK:
            entry.kind = status.kind == S_IFCHR ? .characterDevice : .blockDevice
            (entry.major, entry.minor) = (swctr_major(UInt64(status.st_rdev)), swctr_minor(UInt64(status.st_rdev)))
        // A socket means nothing without the process that listens on it.
        default: return
        }
        if !status.isDirectory, status.st_nlink > 1 {
            let inode = Inode(device: UInt64(status.st_dev), number: UInt64(status.st_ino))
            if let first = linked[inode] {
                entry.kind = .hardLink
                entry.link = first
                return try tar.begin(entry)
            }
            linked[inode] = path
        }
        entry.attributes = try Self.attributes(directory, name)
        guard entry.kind == .file else { return try tar.begin(entry) }
        entry.size = Int64(status.st_size)
        try tar.begin(entry)
        try writeData(directory, name, entry.size)
    }

    private mutating func writeData(
        _ directory: DirectoryHandle, _ name: [CChar], _ size: Int64
    ) throws(EngineError) {
        let subject = DirectoryHandle.text(name)
        let file = try directory.descriptor.open(
            below: name, O_RDONLY | O_NOFOLLOW, resolve: [.noSymbolicLinks, .noMagicLinks], subject: subject)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
        defer { buffer.deallocate() }
        var left = size
        while left > 0 {
            let wanted = UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(Int(min(left, Int64(buffer.count)))))
            let count = try file.read(into: wanted, subject: subject)
            if count == 0 {
                throw EngineError(.aborted, operation: "diff", subject: subject, message: "changed while it was read")
            }
            left -= Int64(count)
            try tar.append(UnsafeRawBufferPointer(rebasing: wanted[..<count]))
        }
    }

    private static func names(in directory: DirectoryHandle, _ subject: String) throws(EngineError) -> [[CChar]] {
        try directory.descriptor.entries(subject: subject).map(\.name)
    }

    private static func bytes(_ name: [CChar]) -> [UInt8] { name.dropLast().map { UInt8(bitPattern: $0) } }

    private static func joined(_ path: [UInt8], _ name: [UInt8]) -> [UInt8] {
        path.isEmpty ? name : path + [UInt8(ascii: "/")] + name
    }
}
