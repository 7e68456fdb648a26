import CSwctrLinux
import Glibc
public import SwctrCore

/// One name in a directory. Names are bytes: Linux does not promise UTF-8.
public struct DirectoryEntry: Sendable {
    /// Ends with a zero.
    public let name: [CChar]
    /// `DT_DIR`, `DT_REG`, …; `DT_UNKNOWN` where the file system does not say.
    public let type: UInt8

    /// For messages, and for names that we gave ourselves.
    public var text: String { name.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" } }
}

extension OwnedFD {
    /// All names in this directory but `.` and `..`, in the file system's order.
    public borrowing func entries(subject: String) throws(EngineError) -> [DirectoryEntry] {
        // A description of its own: the listing must not move the offset of ours.
        let own = try open(below: ".", O_RDONLY | O_DIRECTORY, resolve: [], subject: subject).release()
        guard let stream = fdopendir(own) else {
            let number = errno
            _ = close(own)
            throw .system("list", subject: subject, errno: number)
        }
        defer { closedir(stream) }
        var entries: [DirectoryEntry] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { throw .system("list", subject: subject) }
                return entries
            }
            guard let name = swctr_entry_name(entry) else { continue }
            let length = strlen(name)
            if (length == 1 && name[0] == 46) || (length == 2 && name[0] == 46 && name[1] == 46) { continue }
            let bytes = Array(UnsafeBufferPointer(start: name, count: length + 1))
            entries.append(DirectoryEntry(name: bytes, type: entry.pointee.d_type))
        }
    }
}
