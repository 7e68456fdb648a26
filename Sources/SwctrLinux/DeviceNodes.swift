import Glibc
public import SwctrCore

/// A device node of the host.
public struct DeviceNode: Hashable, Sendable {
    public var path: String
    /// `b` or `c`.
    public var type: String
    public var major: Int64
    public var minor: Int64
    /// Permission bits.
    public var mode: UInt32
    public var uid: UInt32
    public var gid: UInt32

    /// Every device node below `directory`, sorted by path; entries that vanish meanwhile are left out.
    ///
    /// Left out too is what a container gets its own of, or must not see: pts, shm, fd, mqueue, console and the folders
    /// of LXC and udev (containerd: oci.HostDevices).
    public static func all(below directory: String) throws(EngineError) -> [DeviceNode] {
        guard let stream = opendir(directory) else { throw .system("open directory", subject: directory) }
        defer { closedir(stream) }
        var nodes: [DeviceNode] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name == "." || name == ".." || skipped.contains(name) { continue }
            let path = "\(directory)/\(name)"
            var status = stat()
            if lstat(path, &status) != 0 { continue }
            switch status.st_mode & S_IFMT {
            case S_IFDIR: nodes += try all(below: path)
            case S_IFCHR, S_IFBLK: nodes.append(DeviceNode(path: path, status: status))
            default: continue
            }
        }
        return nodes.sorted { $0.path < $1.path }
    }

    /// The device node at `path`, or every one below the folder there.
    ///
    /// - Throws: `.invalidArgument` for anything else, and for a folder without any.
    public static func named(_ path: String) throws(EngineError) -> [DeviceNode] {
        let subject = "device \"\(path)\""
        guard path.hasPrefix("/") else {
            throw EngineError(
                .invalidArgument, subject: subject, message: "must be an absolute path, or a CDI name vendor/class=name"
            )
        }
        var status = stat()
        if stat(path, &status) != 0 { throw .system("open device", subject: subject) }
        switch status.st_mode & S_IFMT {
        case S_IFCHR, S_IFBLK: return [DeviceNode(path: path, status: status)]
        case S_IFDIR:
            let nodes = try all(below: path)
            if nodes.isEmpty {
                throw EngineError(.invalidArgument, subject: subject, message: "holds no device node")
            }
            return nodes
        default: throw EngineError(.invalidArgument, subject: subject, message: "is no device node")
        }
    }

    private static let skipped: Set<String> = [
        "pts", "shm", "fd", "mqueue", "console", ".lxc", ".lxd-mounts", ".udev",
    ]

    private init(path: String, status: stat) {
        self.path = path
        type = status.st_mode & S_IFMT == S_IFBLK ? "b" : "c"
        // The C library's gnu_dev_major and gnu_dev_minor: 12+20 bits each, interleaved.
        let number = UInt64(status.st_rdev)
        major = Int64((number >> 8) & 0xfff | (number >> 32) & ~0xfff)
        minor = Int64(number & 0xff | (number >> 12) & ~0xff)
        mode = status.st_mode & 0o7777
        uid = status.st_uid
        gid = status.st_gid
    }
}
