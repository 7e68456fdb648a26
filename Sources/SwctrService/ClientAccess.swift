import Glibc
import SwctrCore

/// Who may talk to the manager: root, and the group that owns the socket. The kernel checks it by the socket's mode.
enum ClientAccess {
    /// The group that is used, where there is one, when configuration names none.
    static let defaultGroup = "swctr"

    /// - Returns: nil where the socket stays with the process's own group.
    /// - Throws: `.notFound` for a configured group that the system does not know.
    static func group(_ configuration: Configuration) throws(EngineError) -> gid_t? {
        if let name = configuration.group {
            guard let id = lookUp(name) else {
                throw EngineError(
                    .notFound, subject: "group \"\(name)\"", message: "the system has no such group",
                    hint: "create it with groupadd --system \(name), or change the configuration")
            }
            return id
        }
        // Only root may give a file to a group that it is not in.
        return geteuid() == 0 ? lookUp(defaultGroup) : nil
    }

    private static func lookUp(_ name: String) -> gid_t? {
        var entry = Glibc.group()
        var found: UnsafeMutablePointer<Glibc.group>?
        var buffer = [CChar](repeating: 0, count: 16384)
        guard getgrnam_r(name, &entry, &buffer, buffer.count, &found) == 0, found != nil else { return nil }
        return entry.gr_gid
    }
}
