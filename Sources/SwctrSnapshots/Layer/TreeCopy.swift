import CSwctrLinux
import Glibc
import SwctrCore
import SwctrLinux

/// Copies a file tree with owners, modes, times, extended attributes, hard links, devices and holes. Data is shared
/// with the original where the file system can (reflink).
struct TreeCopy: ~Copyable {
    private let target: DirectoryHandle
    /// First name of each file with several, by device and inode.
    private var linked: [Inode: [CChar]] = [:]

    private struct Inode: Hashable {
        let device: UInt64
        let number: UInt64
    }

    /// Deeper trees are refused: each level holds two descriptors.
    private static let maximumDepth = 2048

    /// Copies everything in `source`, and its own metadata, to the empty directory `target`.
    static func copy(_ source: DirectoryHandle, to target: DirectoryHandle) throws(EngineError) {
        var copy = TreeCopy(target: target)
        try copy.contents(of: source, to: target, path: [], depth: 0)
        let dot: [CChar] = [46, 0]
        guard let status = try source.status(of: dot) else { return }
        try copyMetadata(of: source, dot, status, to: target, dot)
        try setTimes(status, of: target, dot)
    }

    private init(target: DirectoryHandle) { self.target = target }

    private mutating func contents(
        of source: DirectoryHandle, to target: DirectoryHandle, path: [UInt8], depth: Int
    ) throws(EngineError) {
        if depth > Self.maximumDepth {
            throw EngineError(
                .invalidArgument, operation: "copy", message: "the tree is deeper than \(Self.maximumDepth)")
        }
        for entry in try source.descriptor.entries(subject: String(decoding: path, as: UTF8.self)) {
            let name = entry.name
            guard let status = try source.status(of: name) else { continue }
            let inner = (path.isEmpty ? [] : path + [UInt8(ascii: "/")]) + name.dropLast().map { UInt8(bitPattern: $0) }
            if status.isDirectory {
                let subject = DirectoryHandle.text(name)
                try retryingInterrupts("create folder", subject: subject) { mkdirat(target.number, name, 0o700) }
                try contents(of: source.child(name), to: target.child(name), path: inner, depth: depth + 1)
                try Self.copyMetadata(of: source, name, status, to: target, name)
                try Self.setTimes(status, of: target, name)
                continue
            }
            if status.st_nlink > 1, try link(status, name, in: target, path: inner) { continue }
            try Self.copyItem(source, name, status, to: target, name)
        }
    }

    /// Links to an earlier copy of the same file; false where there is none yet.
    private mutating func link(
        _ status: stat, _ name: [CChar], in directory: DirectoryHandle, path: [UInt8]
    ) throws(EngineError) -> Bool {
        let inode = Inode(device: UInt64(status.st_dev), number: UInt64(status.st_ino))
        guard let first = linked[inode] else {
            linked[inode] = path.map { CChar(bitPattern: $0) } + [0]
            return false
        }
        // A path may be too long to be named in one go: a copy is better than an error.
        return linkat(target.number, first, directory.number, name, 0) == 0
    }

    /// Copies one thing that is no directory, metadata included.
    static func copyItem(
        _ source: DirectoryHandle, _ name: [CChar], _ status: stat, to target: DirectoryHandle, _ newName: [CChar]
    ) throws(EngineError) {
        let subject = DirectoryHandle.text(newName)
        switch status.kind {
        case S_IFREG: try copyData(source, name, status, to: target, newName)
        case S_IFLNK:
            let link = try source.target(of: name).map { CChar(bitPattern: $0) } + [0]
            try retryingInterrupts("create link", subject: subject) { symlinkat(link, target.number, newName) }
        default:
            let (major, minor) = (swctr_major(UInt64(status.st_rdev)), swctr_minor(UInt64(status.st_rdev)))
            try retryingInterrupts("create device", subject: subject) {
                swctr_mknodat(target.number, newName, status.kind | 0o600, major, minor)
            }
        }
        try copyMetadata(of: source, name, status, to: target, newName)
        try setTimes(status, of: target, newName)
    }

    private static func copyData(
        _ source: DirectoryHandle, _ name: [CChar], _ status: stat, to target: DirectoryHandle, _ newName: [CChar]
    ) throws(EngineError) {
        let subject = DirectoryHandle.text(newName)
        let flags: Resolve = [.noSymbolicLinks, .noMagicLinks]
        let from = try source.descriptor.open(below: name, O_RDONLY | O_NOFOLLOW, resolve: flags, subject: subject)
        let to = try target.descriptor.open(
            below: newName, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600, resolve: flags, subject: subject)
        if swctr_clone_file(to.number, from.number) == 0 { return }
        let size = Int64(status.st_size)
        var position: Int64 = 0
        while position < size {
            let data = Int64(lseek(from.number, off_t(position), Int32(SWCTR_SEEK_DATA)))
            if data < 0 {
                // ENXIO: nothing but a hole is left. A file system that cannot tell answers data everywhere.
                if errno == ENXIO { break }
                throw .system("seek in", subject: subject)
            }
            let hole = Int64(lseek(from.number, off_t(data), Int32(SWCTR_SEEK_HOLE)))
            try copyRange(from, to, data..<(hole < 0 ? size : min(hole, size)), subject: subject)
            position = hole < 0 ? size : hole
        }
        try retryingInterrupts("set size of", subject: subject) { ftruncate(to.number, off_t(size)) }
    }

    private static func copyRange(
        _ from: borrowing OwnedFD, _ to: borrowing OwnedFD, _ range: Range<Int64>, subject: String
    ) throws(EngineError) {
        var (input, output) = (range.lowerBound, range.lowerBound)
        let (source, target) = (from.number, to.number)
        while input < range.upperBound {
            let count = swctr_copy_range(source, &input, target, &output, Int(range.upperBound - input))
            if count > 0 { continue }
            if count == 0 { return }
            switch errno {
            case EINTR: continue
            case EXDEV, EOPNOTSUPP, EINVAL, ENOSYS:
                try copyBytes(from, to, input..<range.upperBound, subject: subject)
                return
            default: throw .system("copy", subject: subject)
            }
        }
    }

    private static func copyBytes(
        _ from: borrowing OwnedFD, _ to: borrowing OwnedFD, _ range: Range<Int64>, subject: String
    ) throws(EngineError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        let (source, target) = (from.number, to.number)
        var position = range.lowerBound
        while position < range.upperBound {
            let wanted = Int(min(Int64(buffer.count), range.upperBound - position))
            let count = try retryingInterrupts("read", subject: subject) {
                pread(source, buffer.baseAddress, wanted, off_t(position))
            }
            if count == 0 { return }
            var written = 0
            while written < count {
                written += try retryingInterrupts("write", subject: subject) {
                    pwrite(
                        target, buffer.baseAddress?.advanced(by: written), count - written, off_t(position) + written)
                }
            }
            position += Int64(count)
        }
    }
}

// MARK: Metadata

extension TreeCopy {
    /// Gives `newName` the owner, mode and extended attributes of `name`. In this order: a change of owner takes
    /// set-user-id bits and file capabilities away.
    static func copyMetadata(
        of source: DirectoryHandle, _ name: [CChar], _ status: stat, to target: DirectoryHandle, _ newName: [CChar]
    ) throws(EngineError) {
        let subject = DirectoryHandle.text(newName)
        try retryingInterrupts("set owner of", subject: subject) {
            fchownat(target.number, newName, status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW)
        }
        if status.kind != S_IFLNK {
            try retryingInterrupts("set mode of", subject: subject) {
                fchmodat(target.number, newName, status.st_mode & 0o7777, 0)
            }
        }
        let (from, to) = (source.path(of: name), target.path(of: newName))
        for attribute in try attributes(of: from, subject: subject) {
            var value = [UInt8](repeating: 0, count: 65536)
            let size = swctr_lgetxattr(from, attribute, &value, value.count)
            // It may have gone, or be readable for the kernel only.
            if size < 0 { continue }
            if swctr_lsetxattr(to, attribute, value, size) != 0 && errno != EOPNOTSUPP {
                throw .system("set attribute \(DirectoryHandle.text(attribute)) of", subject: subject)
            }
        }
    }

    static func setTimes(_ status: stat, of target: DirectoryHandle, _ name: [CChar]) throws(EngineError) {
        var times = (status.st_atim, status.st_mtim)
        try retryingInterrupts("set time of", subject: DirectoryHandle.text(name)) {
            withUnsafeBytes(of: &times) { times in
                utimensat(
                    target.number, name, times.baseAddress?.assumingMemoryBound(to: timespec.self), AT_SYMLINK_NOFOLLOW)
            }
        }
    }

    /// Names of a file's extended attributes, without those that are overlayfs' own.
    static func attributes(of path: [CChar], subject: String) throws(EngineError) -> [[CChar]] {
        var list = [CChar](repeating: 0, count: 65536)
        let size = swctr_llistxattr(path, &list, list.count)
        if size < 0 {
            if errno == EOPNOTSUPP { return [] }
            throw .system("list attributes of", subject: subject)
        }
        return list[..<size].split(separator: 0).compactMap { name in
            Overlay.isPrivate(name.map { UInt8(bitPattern: $0) }) ? nil : Array(name) + [0]
        }
    }
}
