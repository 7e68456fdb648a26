import Glibc
import SwctrCore
import SwctrLinux

/// Lets a snapshot be looked at for the time of a call. Blocks the thread.
enum MountedTree {
    /// - Parameters:
    ///   - mounts: none: there is nothing to be seen.
    ///   - scratch: a folder of ours in which mounts may be made.
    ///   - body: given the path of the tree.
    static func with<Value>(
        _ mounts: [Mount], below scratch: String, _ body: (String?) throws(EngineError) -> Value
    ) throws(EngineError) -> Value {
        guard let mount = mounts.first else { return try body(nil) }
        if mount.type == "bind" { return try body(mount.source) }
        // Read-only, whatever is said: two overlays must not share an upper directory, and nothing is to be changed.
        let path = "\(scratch)/look-\(String(UInt64.random(in: .min ... .max), radix: 36))"
        if mkdir(path, 0o700) != 0 { throw .system("create folder", subject: path) }
        defer { _ = rmdir(path) }
        let options = readOnly(mount.options)
        if Glibc.mount(mount.source, path, mount.type, UInt(MS_RDONLY), options) != 0 {
            throw .system("mount \(mount.type)", subject: path)
        }
        defer { _ = umount2(path, Int32(MNT_DETACH)) }
        return try body(path)
    }

    /// An overlay's upper directory becomes its first lower one.
    private static func readOnly(_ options: [String]) -> String {
        let upper = options.first { $0.hasPrefix("upperdir=") }?.dropFirst(9)
        return options.compactMap { option -> String? in
            if option.hasPrefix("upperdir=") || option.hasPrefix("workdir=") || option == "volatile" { return nil }
            if option.hasPrefix("lowerdir="), let upper { return "lowerdir=\(upper):\(option.dropFirst(9))" }
            return option
        }.joined(separator: ",")
    }
}
