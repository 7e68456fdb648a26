import CSwctrLinux
import Glibc
public import SwctrCore

/// The mounts of this process's mount namespace.
public enum MountTable {
    /// Mount points at `path` and below it, in the order in which they were made.
    ///
    /// - Parameter table: a text in the form of /proc/self/mountinfo.
    static func mountPoints(below path: String, in table: String) -> [String] {
        table.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ", maxSplits: 5)
            guard fields.count > 4 else { return nil }
            let point = unescaped(fields[4])
            return point == path || point.hasPrefix(path + "/") ? point : nil
        }
    }

    /// Detaches every mount at `path` and below it; with none it does nothing. Processes that still use one keep it
    /// until they end, but its place is free at once.
    ///
    /// - Throws: what the kernel refused, after trying all of them.
    public static func unmountAll(below path: String) throws(EngineError) {
        let table = try TextFile.read("/proc/self/mountinfo", limit: 64 << 20)
        var first: EngineError?
        for point in mountPoints(below: path, in: table).reversed() {
            // EINVAL: it went meanwhile, with the mount that it was on.
            if swctr_unmount(point) != 0, errno != EINVAL, errno != ENOENT, first == nil {
                first = .system("unmount", subject: point)
            }
        }
        if let first { throw first }
    }

    /// The kernel writes space, tab, newline and backslash as three octal digits.
    private static func unescaped(_ field: Substring) -> String {
        if !field.utf8.contains(UInt8(ascii: "\\")) { return String(field) }
        var bytes: [UInt8] = []
        var rest = field.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), let value = UInt8(String(Substring(rest.prefix(3))), radix: 8) {
                bytes.append(value)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
