import Glibc
public import SwctrCore

/// Folders that the engine keeps its things in.
public enum Folder {
    /// Makes a folder and what is missing above it; one that is there gets `mode` too.
    ///
    /// - Parameters:
    ///   - mode: permission bits of the last folder, whatever the umask is; those above it get 0755.
    /// - Throws: what the kernel refused, with the path that it refused.
    public static func make(at path: String, mode: mode_t) throws(EngineError) {
        var parents: [String] = []
        var partial = ""
        for part in path.split(separator: "/") {
            partial += "/" + part
            parents.append(partial)
        }
        for parent in parents.dropLast() where mkdir(parent, 0o755) != 0 && errno != EEXIST {
            // A parent on a read-only file system may well be there.
            let number = errno
            if access(parent, F_OK) != 0 { throw .system("make folder", subject: parent, errno: number) }
        }
        if mkdir(path, mode) != 0, errno != EEXIST { throw .system("make folder", subject: path) }
        try retryingInterrupts("open folder", subject: path) { access(path, X_OK) }
        try retryingInterrupts("chmod", subject: path) { chmod(path, mode) }
    }
}
