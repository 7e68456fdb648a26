import CSwctrLinux
import Glibc
public import SwctrCore
import SwctrLinux

/// Gives every file of a tree the owner that stands for its present one outside of a user namespace.
public struct OwnerShift: Sendable {
    /// The host's id for one of the tree; nil where there is none.
    public typealias Map = @Sendable (UInt32) -> UInt32?

    private let uid: Map
    private let gid: Map

    public init(uid: @escaping Map, gid: @escaping Map) {
        self.uid = uid
        self.gid = gid
    }

    /// Shifts a tree as a snapshotter describes it.
    ///
    /// - Parameters:
    ///   - mount: how the tree is mounted, writable.
    ///   - target: a folder for a mount that lasts as long as the call.
    /// - Throws: `.invalidArgument` for a file whose owner has no other side.
    public func apply(to mounts: [Mount], mountingAt target: String) throws(EngineError) {
        guard let mount = mounts.first, mounts.count == 1 else {
            throw EngineError(
                .unimplemented, operation: "shift owners", message: "\(mounts.count) mounts make up the tree, not one")
        }
        if mount.type == "bind" { return try apply(to: mount.source) }
        try retryingInterrupts("make directory", subject: target) {
            mkdir(target, 0o700) == 0 || errno == EEXIST ? 0 : -1
        }
        try retryingInterrupts("mount \(mount.type)", subject: target) {
            Glibc.mount(
                mount.source, target, mount.type, UInt(MS_NOSUID | MS_NODEV | MS_NOEXEC),
                mount.options.joined(separator: ","))
        }
        defer { _ = swctr_unmount(target) }
        try apply(to: target)
    }

    /// Shifts the folder and all below it.
    func apply(to path: String) throws(EngineError) {
        var walk = Walk(shift: self)
        let root = DirectoryHandle(try OwnedFD.directory(path))
        try walk.contents(of: root, depth: 0)
        let dot: [CChar] = [46, 0]
        if let status = try root.status(of: dot) { try walk.change(dot, status, in: root) }
    }

    private struct Walk {
        struct Inode: Hashable {
            let device: UInt64
            let number: UInt64
        }

        let shift: OwnerShift
        /// Files of several names that have their new owner. Overlayfs gives each name a file of its own when it is
        /// first changed, under a number that may be the old one: so the owner is compared too.
        var done: [Inode: (uid_t, gid_t)] = [:]

        init(shift: OwnerShift) { self.shift = shift }

        mutating func contents(of directory: DirectoryHandle, depth: Int) throws(EngineError) {
            if depth > 2048 {
                throw EngineError(.invalidArgument, operation: "shift owners", message: "the tree is too deep")
            }
            for entry in try directory.descriptor.entries(subject: "snapshot") {
                guard let status = try directory.status(of: entry.name) else { continue }
                if status.isDirectory { try contents(of: directory.child(entry.name), depth: depth + 1) }
                try change(entry.name, status, in: directory)
            }
        }

        mutating func change(_ name: [CChar], _ status: stat, in directory: DirectoryHandle) throws(EngineError) {
            let inode = Inode(device: UInt64(status.st_dev), number: UInt64(status.st_ino))
            let hasNames = status.st_nlink > 1 && !status.isDirectory
            if hasNames, let (uid, gid) = done[inode], uid == status.st_uid, gid == status.st_gid { return }
            guard let uid = shift.uid(status.st_uid), let gid = shift.gid(status.st_gid) else {
                throw EngineError(
                    .invalidArgument, subject: DirectoryHandle.text(name),
                    message: "belongs to \(status.st_uid):\(status.st_gid) in the image, which the maps do not hold",
                    hint: "make --uidmap and --gidmap larger")
            }
            let subject = DirectoryHandle.text(name)
            let path = directory.path(of: name)
            let capability = Self.capability(path)
            try retryingInterrupts("change owner", subject: subject) {
                fchownat(directory.number, name, uid, gid, AT_SYMLINK_NOFOLLOW)
            }
            // The kernel takes set-id bits and capabilities away from a file that gets another owner.
            if status.kind != S_IFLNK, status.st_mode & 0o6000 != 0 {
                try retryingInterrupts("change mode", subject: subject) {
                    fchmodat(directory.number, name, status.st_mode & 0o7777, 0)
                }
            }
            if let capability { Self.restore(capability, path, root: shift.uid(0) ?? 0) }
            if hasNames, let now = try directory.status(of: name) {
                done[Inode(device: UInt64(now.st_dev), number: UInt64(now.st_ino))] = (uid, gid)
            }
        }

        private static let capabilityName = "security.capability"

        private static func capability(_ path: [CChar]) -> [UInt8]? {
            var value = [UInt8](repeating: 0, count: 64)
            let size = swctr_lgetxattr(path, capabilityName, &value, value.count)
            return size > 0 ? Array(value[..<size]) : nil
        }

        /// In the form that names the namespace's root (linux/capability.h, vfs_ns_cap_data): another would mean
        /// nothing inside. Where the file system keeps none, the file stays without.
        private static func restore(_ value: [UInt8], _ path: [CChar], root: UInt32) {
            guard value.count >= 20 else { return }
            var value = Array(value[..<20])
            // The revision is the highest byte of a little-endian word.
            value[3] = 3
            for shift in stride(from: UInt32(0), to: 32, by: 8) { value.append(UInt8(root >> shift & 0xff)) }
            _ = swctr_lsetxattr(path, capabilityName, value, value.count)
        }
    }
}
