import CSwctrLinux
import Glibc
import SwctrCore
import SwctrLinux

/// How overlayfs writes deletions down (Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories").
enum Overlay {
    static let opaqueAttribute = "trusted.overlay.opaque"

    /// Hides everything that lower layers have in the directory.
    static func markOpaque(_ directory: DirectoryHandle, subject: String) throws(EngineError) {
        try retryingInterrupts("set \(opaqueAttribute) on", subject: subject) {
            swctr_fsetxattr(directory.number, opaqueAttribute, "y", 1)
        }
    }

    static func isOpaque(_ directory: DirectoryHandle) throws(EngineError) -> Bool {
        var value: CChar = 0
        let size = swctr_lgetxattr("/proc/self/fd/\(directory.number)/.", opaqueAttribute, &value, 1)
        if size >= 0 { return size == 1 && value == CChar(bitPattern: UInt8(ascii: "y")) }
        if errno == ENODATA || errno == EOPNOTSUPP { return false }
        throw .system("read \(opaqueAttribute) of", subject: "layer")
    }

    /// Attributes that carry overlayfs' own state: never taken from an archive, never copied.
    static func isPrivate(_ attribute: some Sequence<UInt8>) -> Bool {
        let bytes = Array(attribute)
        return bytes.starts(with: "trusted.overlay.".utf8) || bytes.starts(with: "user.overlay.".utf8)
    }
}
