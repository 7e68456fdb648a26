import CSwctrLinux
import Glibc
import SwctrCore
import SwctrLinux

/// Finds out whether overlayfs works in a folder, by using it: what file systems and kernels allow cannot be read off.
enum OverlaySupport {
    /// - Throws: `.failedPrecondition` that names the folder, the cause, and the snapshotter that would work.
    static func check(in root: String) throws(EngineError) {
        if root.utf8.contains(where: { ":,\\".utf8.contains($0) }) {
            throw EngineError(
                .invalidArgument, operation: "use overlayfs", subject: root,
                message: "the path must not hold ':', ',' or '\\'", hint: "choose another --root")
        }
        // In the trash, so that a probe that was cut off is removed with the rest.
        let name = "probe-\(String(UInt64.random(in: .min ... .max), radix: 36))"
        let trash = try OwnedFD.directory(root + "/trash")
        let probe = "\(root)/trash/\(name)"
        do throws(EngineError) {
            defer { _ = try? trash.removeTree(name) }
            for folder in ["", "/lower", "/upper", "/work", "/merged"] where mkdir(probe + folder, 0o700) != 0 {
                throw .system("create folder", subject: probe + folder)
            }
            try OwnedFD.open(probe + "/lower/file", O_WRONLY | O_CREAT, mode: 0o600)
                .write(all: UnsafeRawBufferPointer(start: nil, count: 0), subject: probe)
            try use(probe)
        } catch {
            throw EngineError(
                .failedPrecondition, operation: "use overlayfs", subject: root,
                message: "it does not work on this file system: \(error)",
                hint: "choose the native snapshotter, which copies: --snapshotter native", causes: ["\(error)"])
        }
    }

    private static func use(_ probe: String) throws(EngineError) {
        let options = "index=off,lowerdir=\(probe)/lower,upperdir=\(probe)/upper,workdir=\(probe)/work"
        if mount("overlay", probe + "/merged", "overlay", 0, options) != 0 {
            throw .system("mount overlay", subject: probe)
        }
        defer { _ = swctr_unmount(probe + "/merged") }
        // Deleting needs whiteouts, replacing a folder needs trusted attributes: some file systems have neither.
        if unlink(probe + "/merged/file") != 0 { throw .system("delete in overlay", subject: probe) }
        let upper = DirectoryHandle(try OwnedFD.directory(probe + "/upper"))
        try Overlay.markOpaque(upper, subject: probe)
    }
}
