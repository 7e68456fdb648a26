import CSwctrLinux
import Glibc
import SwctrCore
import SwctrLinux

/// Turns tar entries into files.
final class LayerWriter: TarHandler {
    private var tree: LayerTree
    private let deletions: LayerTarget.Deletions
    private let limits: LayerLimits
    /// What this layer brought, where it cannot be told from what was there before.
    private var created: Set<[UInt8]> = []
    private var entries = 0
    private var bytes: Int64 = 0
    private var file: OwnedFD?
    private var entry = TarEntry()
    private var name = ""

    init(target: LayerTarget, limits: LayerLimits) throws(EngineError) {
        var lowers: [DirectoryHandle]?
        if let paths = target.lowers {
            lowers = []
            for path in paths { lowers?.append(DirectoryHandle(try OwnedFD.directory(path))) }
        }
        tree = try LayerTree(root: DirectoryHandle(try OwnedFD.directory(target.path)), lowers: lowers)
        deletions = target.deletions
        self.limits = limits
    }

    var needsLowers: Bool { tree.needsLowers }

    /// What is to be looked at again once the layers beneath are there.
    var pending: LayerPending {
        LayerPending(implied: tree.implied, explicit: Set(tree.implied.filter { tree.directoryTimes[$0] != nil }))
    }

    static func tooLarge(_ what: String) -> EngineError {
        EngineError(.resourceExhausted, operation: "unpack", message: "the layer holds \(what)")
    }

    func begin(_ entry: TarEntry) throws(EngineError) {
        entries += 1
        if entries > limits.entries { throw Self.tooLarge("more than \(limits.entries) entries") }
        self.entry = entry
        name = entry.name
        do throws(EngineError) { try place(entry) } catch { throw error.during("unpack", of: name) }
    }

    func data(_ data: UnsafeRawBufferPointer, at offset: Int64) throws(EngineError) {
        bytes += Int64(data.count)
        if bytes > limits.bytes { throw Self.tooLarge("more than \(limits.bytes) bytes of files") }
        guard let descriptor = file?.number else { return }
        var done = 0
        while done < data.count {
            let rest = UnsafeRawBufferPointer(rebasing: data[done...])
            let position = off_t(offset) + off_t(done)
            let isSparse = entry.isSparse
            done += try retryingInterrupts("write", subject: name) {
                isSparse
                    ? pwrite(descriptor, rest.baseAddress, rest.count, position)
                    : write(descriptor, rest.baseAddress, rest.count)
            }
        }
    }

    func end() throws(EngineError) {
        guard let descriptor = file?.number else { return }
        if entry.isSparse {
            try retryingInterrupts("set size of", subject: name) { ftruncate(descriptor, off_t(entry.size)) }
        }
        // In this order, and after the data: a write takes file capabilities away, a change of owner also the
        // set-user-id bits.
        try retryingInterrupts("set owner of", subject: name) { fchown(descriptor, entry.uid, entry.gid) }
        try retryingInterrupts("set mode of", subject: name) { fchmod(descriptor, entry.mode) }
        if !entry.attributes.isEmpty {
            try setAttributes(entry) { swctr_fsetxattr(descriptor, $0, $1, $1.count) }
        }
        try setTimes(entry.modified) { futimens(descriptor, $0) }
        file = nil
    }

    func finish() throws(EngineError) {
        for (path, time) in tree.directoryTimes {
            let parts = LayerPath.components(path)
            var directory = tree.root
            var isThere = true
            for part in parts {
                // It may have been replaced or removed after its entry.
                guard let status = try directory.status(of: part), status.isDirectory else {
                    isThere = false
                    break
                }
                directory = try directory.child(part)
            }
            if isThere { try setTimes(time) { futimens(directory.number, $0) } }
        }
    }

    private func setTimes(_ time: TarEntry.Time, _ call: (UnsafePointer<timespec>) -> Int32) throws(EngineError) {
        let value = timespec(tv_sec: Int(time.seconds), tv_nsec: Int(time.nanoseconds))
        let times = [value, value]
        try retryingInterrupts("set time of", subject: name) {
            times.withUnsafeBufferPointer { times in times.baseAddress.map(call) ?? 0 }
        }
    }
}

// MARK: Entries

extension LayerWriter {
    private func place(_ entry: TarEntry) throws(EngineError) {
        let components = LayerPath.components(entry.path)
        guard let base = components.last, base != LayerPath.dotDot else {
            guard entry.kind == .directory else {
                throw EngineError(.invalidArgument, message: "names a directory, but is none")
            }
            let place = try tree.place(components[...], create: true)
            return try finishDirectory(place.directory, place.path, entry)
        }
        let isMark = base.starts(with: ".wh.".utf8.map { CChar(bitPattern: $0) })
        let place = try tree.place(components.dropLast(), create: true)
        if isMark { return try whiteout(base, in: place) }
        if deletions == .removal { recordCreation(of: base, in: place) }
        switch entry.kind {
        case .directory: try makeDirectory(base, in: place, entry)
        case .file: try makeFile(base, in: place, entry)
        case .hardLink: try makeHardLink(base, in: place, entry)
        case .symbolicLink:
            if entry.link.isEmpty { throw EngineError(.invalidArgument, message: "is a link to nothing") }
            let target = entry.link.map { CChar(bitPattern: $0) } + [0]
            try replacing(base, in: place) { symlinkat(target, place.directory.number, base) }
            try finishSpecial(base, in: place, entry)
        case .characterDevice, .blockDevice, .fifo:
            let type = entry.kind == .fifo ? S_IFIFO : entry.kind == .blockDevice ? S_IFBLK : S_IFCHR
            try replacing(base, in: place) {
                swctr_mknodat(place.directory.number, base, type | 0o600, entry.major, entry.minor)
            }
            try finishSpecial(base, in: place, entry)
        }
    }

    /// Remembers the path and the folders above it as brought by this layer.
    private func recordCreation(of base: [CChar], in place: LayerTree.Place) {
        var path = place.path + [base]
        while !path.isEmpty, created.insert(LayerPath.joined(path)).inserted { path.removeLast() }
    }

    /// Creates something under a name that may be taken, by a directory even.
    private func replacing(
        _ base: [CChar], in place: LayerTree.Place, _ create: () -> Int32
    ) throws(EngineError) {
        do throws(EngineError) {
            try retryingInterrupts("create", subject: name, create)
        } catch {
            if error.code != .alreadyExists { throw error }
            try remove(base, in: place)
            try retryingInterrupts("create", subject: name, create)
        }
    }

    private func remove(_ base: [CChar], in place: LayerTree.Place) throws(EngineError) {
        try place.directory.descriptor.removeTree(base)
        tree.forget()
    }

    private func makeFile(_ base: [CChar], in place: LayerTree.Place, _ entry: TarEntry) throws(EngineError) {
        var descriptor: Int32 = -1
        try replacing(base, in: place) {
            descriptor = swctr_openat2(
                place.directory.number, base, UInt64(O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC), 0o600,
                Resolve([.noSymbolicLinks, .noMagicLinks, .noCrossing]).rawValue)
            return descriptor
        }
        file = OwnedFD(adopting: descriptor)
    }

    private func makeDirectory(_ base: [CChar], in place: LayerTree.Place, _ entry: TarEntry) throws(EngineError) {
        let parent = place.directory.number
        if mkdirat(parent, base, 0o700) != 0 {
            if errno != EEXIST { throw .system("create folder", subject: name) }
            let status = try place.directory.status(of: base)
            if status?.isDirectory != true {
                try remove(base, in: place)
                try retryingInterrupts("create folder", subject: name) { mkdirat(parent, base, 0o700) }
                // The layer itself has put a whiteout here before: nothing from below may show through.
                if status?.isWhiteout == true, deletions == .whiteouts {
                    try Overlay.markOpaque(place.directory.child(base), subject: name)
                }
            }
        }
        try finishDirectory(place.directory.child(base), place.path + [base], entry)
    }

    private func finishDirectory(
        _ directory: DirectoryHandle, _ path: [[CChar]], _ entry: TarEntry
    ) throws(EngineError) {
        try retryingInterrupts("set owner of", subject: name) { fchown(directory.number, entry.uid, entry.gid) }
        try retryingInterrupts("set mode of", subject: name) { fchmod(directory.number, entry.mode) }
        try setAttributes(entry) { swctr_fsetxattr(directory.number, $0, $1, $1.count) }
        tree.directoryTimes[LayerPath.joined(path)] = entry.modified
    }

    /// Owner, mode, attributes and time of what cannot be opened.
    private func finishSpecial(_ base: [CChar], in place: LayerTree.Place, _ entry: TarEntry) throws(EngineError) {
        let parent = place.directory.number
        try retryingInterrupts("set owner of", subject: name) {
            fchownat(parent, base, entry.uid, entry.gid, AT_SYMLINK_NOFOLLOW)
        }
        if entry.kind != .symbolicLink {
            try retryingInterrupts("set mode of", subject: name) { fchmodat(parent, base, entry.mode, 0) }
        }
        let path = place.directory.path(of: base)
        try setAttributes(entry) { swctr_lsetxattr(path, $0, $1, $1.count) }
        try setTimes(entry.modified) { utimensat(parent, base, $0, AT_SYMLINK_NOFOLLOW) }
    }

    private func setAttributes(
        _ entry: TarEntry, _ set: (_ name: [CChar], _ value: [UInt8]) -> Int32
    ) throws(EngineError) {
        for attribute in entry.attributes where !Overlay.isPrivate(attribute.name) {
            let key = attribute.name.map { CChar(bitPattern: $0) } + [0]
            if set(key, attribute.value) == 0 { continue }
            // Links and devices take no user attributes, and not every file system takes every kind.
            let isTolerable = errno == EOPNOTSUPP || (errno == EPERM && entry.kind != .file && entry.kind != .directory)
            if !isTolerable {
                throw .system("set attribute \(DirectoryHandle.text(key)) of", subject: name)
            }
        }
    }

    private func makeHardLink(_ base: [CChar], in place: LayerTree.Place, _ entry: TarEntry) throws(EngineError) {
        let components = LayerPath.components(entry.link)
        let shown = "link target \"\(String(decoding: entry.link.prefix(300), as: UTF8.self))\""
        guard let target = components.last, target != LayerPath.dotDot else {
            throw EngineError(.invalidArgument, subject: shown, message: "is no file")
        }
        let missing = EngineError(.notFound, subject: shown, message: "not found in the image")
        let source: LayerTree.Place
        do throws(EngineError) {
            source = try tree.place(components.dropLast(), create: false)
        } catch {
            throw error.code == .notFound ? missing : error
        }
        if source.key(target) == place.key(base) { return }
        let status = try source.directory.status(of: target)
        if status?.isDirectory == true || status?.isWhiteout == true {
            throw EngineError(.invalidArgument, subject: shown, message: "is no file")
        }
        if status == nil, tree.lowers == nil { throw tree.missingLowers(source.path + [target]) }
        if status == nil {
            // The file is a lower layer's: like a write, a further name brings it up.
            guard let below = try tree.lower(source.path, target), !below.status.isDirectory else {
                throw missing
            }
            try TreeCopy.copyItem(below.directory, target, below.status, to: source.directory, target)
        } else if let status, let there = try place.directory.status(of: base), there.st_ino == status.st_ino,
            there.st_dev == status.st_dev
        {
            return
        }
        try replacing(base, in: place) { linkat(source.directory.number, target, place.directory.number, base, 0) }
    }
}

// MARK: Whiteouts

extension LayerWriter {
    private func whiteout(_ mark: [CChar], in place: LayerTree.Place) throws(EngineError) {
        let base = Array(mark.dropFirst(4))
        if mark == ".wh..wh..opq".utf8.map({ CChar(bitPattern: $0) }) + [0] {
            switch deletions {
            case .whiteouts: try Overlay.markOpaque(place.directory, subject: name)
            case .removal: try removeOld(in: place)
            }
            return
        }
        // Other marks of this form are aufs' own files, which mean nothing to anybody else.
        if base.starts(with: ".wh.".utf8.map { CChar(bitPattern: $0) }) { return }
        if base.count <= 1 || base == [46, 0] || base == LayerPath.dotDot {
            throw EngineError(.invalidArgument, message: "is a whiteout of nothing that can be deleted")
        }
        let status = try place.directory.status(of: base)
        switch deletions {
        case .removal:
            guard let status else { return }
            if status.isDirectory, created.contains(place.key(base)) {
                let inner = try place.directory.child(base)
                return try removeOld(in: LayerTree.Place(directory: inner, path: place.path + [base]))
            }
            if !created.contains(place.key(base)) { try remove(base, in: place) }
        case .whiteouts:
            if let status {
                // The same layer has brought it already: only what lies below is hidden.
                if status.isDirectory { try Overlay.markOpaque(place.directory.child(base), subject: name) }
                return
            }
            try retryingInterrupts("create whiteout", subject: name) {
                swctr_mknodat(place.directory.number, base, S_IFCHR, 0, 0)
            }
        }
    }

    /// Removes from a directory what this layer did not bring.
    private func removeOld(in place: LayerTree.Place) throws(EngineError) {
        for item in try place.directory.descriptor.entries(subject: name) {
            if !created.contains(place.key(item.name)) {
                try remove(item.name, in: place)
            } else if item.type == DT_DIR {
                let inner = try place.directory.child(item.name)
                try removeOld(in: LayerTree.Place(directory: inner, path: place.path + [item.name]))
            }
        }
    }
}
