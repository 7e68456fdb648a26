import CSwctrLinux
import Glibc
import SwctrCore
import SwctrLinux

/// The directory that a layer is applied to, seen together with the layers beneath it.
///
/// A path is walked one component at a time. Each open refuses links, so no walk leaves the tree, whatever the layer
/// holds. Links are read and followed here, with the root as the top of everything. A directory that exists only in a
/// lower layer is made anew on top, with its owner, mode, attributes and time.
struct LayerTree: ~Copyable {
    let root: DirectoryHandle
    /// The layers beneath, nearest first; none where the directory already is a full copy; nil while they are not known.
    let lowers: [DirectoryHandle]?
    /// Directories that were made because an entry lies in them, while nobody knew what is beneath.
    private(set) var implied: Set<[UInt8]> = []
    /// Whether an entry came up that cannot be placed without the layers beneath.
    private(set) var needsLowers = false
    /// Times that directories get at the very end: whatever happens inside them changes theirs.
    var directoryTimes: [[UInt8]: TarEntry.Time] = [:]
    private var cache: [[UInt8]: Place] = [:]

    /// A directory with its path, in which there is no link and no `..`.
    struct Place {
        let directory: DirectoryHandle
        let path: [[CChar]]

        func key(_ name: [CChar]) -> [UInt8] { LayerPath.joined(path + [name]) }
    }

    init(root: DirectoryHandle, lowers: [DirectoryHandle]?) throws(EngineError) {
        self.root = root
        self.lowers = lowers
        if lowers == nil { implied.insert([]) } else { remember(try root.descriptor.status(subject: "layer"), of: []) }
    }

    /// A directory that is only passed through keeps the time that it had, unless an entry gives it another.
    private mutating func remember(_ status: stat, of path: [UInt8]) {
        // What was made for its contents' sake has no time of its own: the layers beneath will say.
        if directoryTimes[path] != nil || implied.contains(path) { return }
        directoryTimes[path] = TarEntry.Time(
            seconds: Int64(status.st_mtim.tv_sec), nanoseconds: Int64(status.st_mtim.tv_nsec))
    }

    /// The directory that `components` lead to.
    ///
    /// - Parameter create: make what is missing everywhere; else that is `.notFound`.
    mutating func place(_ components: ArraySlice<[CChar]>, create: Bool) throws(EngineError) -> Place {
        if components.isEmpty { return Place(directory: root, path: []) }
        let key = LayerPath.joined(components)
        if let place = cache[key] { return place }
        let place = try walk(Array(components), create: create)
        // Only where no link was followed: such an entry cannot go stale unless something is removed.
        if LayerPath.joined(place.path) == key {
            if cache.count >= 64 { cache.removeAll(keepingCapacity: true) }
            cache[key] = place
        }
        return place
    }

    /// Something was removed or replaced: remembered directories may be gone.
    mutating func forget() { cache.removeAll(keepingCapacity: true) }

    private mutating func walk(_ components: [[CChar]], create: Bool) throws(EngineError) -> Place {
        var pending = Array(components.reversed())
        var stack = [Place(directory: root, path: [])]
        var links = 0
        while let name = pending.popLast() {
            let here = stack[stack.count - 1]
            if name == LayerPath.dotDot {
                // The root is its own parent.
                if stack.count > 1 { stack.removeLast() }
                continue
            }
            let step = try step(to: name, from: here, create: create)
            switch step {
            case .directory(let directory): stack.append(Place(directory: directory, path: here.path + [name]))
            case .link(let target):
                links += 1
                if links > 40 { throw .system("follow", subject: text(components), errno: ELOOP) }
                if target.first == UInt8(ascii: "/") { stack.removeLast(stack.count - 1) }
                pending += LayerPath.components(target).reversed()
                if pending.count > 4096 { throw .system("follow", subject: text(components), errno: ENAMETOOLONG) }
            }
        }
        return stack[stack.count - 1]
    }

    private enum Step {
        case directory(DirectoryHandle)
        case link([UInt8])
    }

    private mutating func step(to name: [CChar], from here: Place, create: Bool) throws(EngineError) -> Step {
        let directory = here.directory
        let found = try directory.status(of: name)
        if let found, found.isDirectory {
            remember(found, of: here.key(name))
            return .directory(try directory.child(name))
        }
        if let found, found.kind == S_IFLNK { return .link(try directory.target(of: name)) }
        if let found, !found.isWhiteout { throw .system("open", subject: text(here.path + [name]), errno: ENOTDIR) }
        if found == nil, lowers == nil, !create { throw missingLowers(here.path + [name]) }
        let below = found == nil ? try lower(here.path, name) : nil
        if let below, below.status.kind == S_IFLNK { return .link(try below.directory.target(of: name)) }
        if let below, !below.status.isDirectory {
            throw .system("open", subject: text(here.path + [name]), errno: ENOTDIR)
        }
        if below == nil && !create { throw .system("open", subject: text(here.path + [name]), errno: ENOENT) }
        return .directory(try make(name, in: here, like: below, over: found))
    }

    private mutating func make(
        _ name: [CChar], in here: Place, like below: Found?, over found: stat?
    ) throws(EngineError) -> DirectoryHandle {
        let (parent, subject) = (here.directory.number, text(here.path + [name]))
        if found != nil { try retryingInterrupts("remove", subject: subject) { unlinkat(parent, name, 0) } }
        try retryingInterrupts("create folder", subject: subject) { mkdirat(parent, name, 0o755) }
        let made = try here.directory.child(name)
        if found != nil { try Overlay.markOpaque(made, subject: subject) }
        guard let below else {
            if lowers == nil, found == nil { implied.insert(here.key(name)) }
            // Not what the umask left of it.
            try retryingInterrupts("set mode of", subject: subject) { fchmod(made.number, 0o755) }
            return made
        }
        try TreeCopy.copyMetadata(of: below.directory, name, below.status, to: here.directory, name)
        remember(below.status, of: here.key(name))
        return made
    }

    /// The layer has to be unpacked anew when the layers beneath it are there.
    mutating func missingLowers(_ path: [[CChar]]) -> EngineError {
        needsLowers = true
        return EngineError(.aborted, subject: text(path), message: "lies in a layer beneath that is not there yet")
    }

    func text(_ components: [[CChar]]) -> String { String(decoding: LayerPath.joined(components), as: UTF8.self) }
}

// MARK: The layers beneath

extension LayerTree {
    /// Something in a lower layer, and the directory there that holds it.
    struct Found {
        let directory: DirectoryHandle
        let status: stat
    }

    /// What `name` in the directory at `path` is in the layers beneath, as overlayfs would show it; nil for nothing.
    func lower(_ path: [[CChar]], _ name: [CChar]) throws(EngineError) -> Found? {
        guard var layers = lowers else { return nil }
        var upper = root
        for component in path {
            if try Overlay.isOpaque(upper) { return nil }
            upper = try upper.child(component)
            layers = try descend(layers, into: component)
        }
        if try Overlay.isOpaque(upper) { return nil }
        for layer in layers {
            if let status = try layer.status(of: name) {
                return status.isWhiteout ? nil : Found(directory: layer, status: status)
            }
            if try Overlay.isOpaque(layer) { return nil }
        }
        return nil
    }

    private func descend(
        _ layers: [DirectoryHandle], into name: [CChar]
    ) throws(EngineError) -> [DirectoryHandle] {
        var inner: [DirectoryHandle] = []
        for layer in layers {
            if let status = try layer.status(of: name) {
                // Anything but a directory hides what lies below it.
                guard status.isDirectory else { return inner }
                inner.append(try layer.child(name))
            }
            if try Overlay.isOpaque(layer) { return inner }
        }
        return inner
    }
}
