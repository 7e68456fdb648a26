public import SwctrCore

/// The `/etc/passwd` and `/etc/group` of a container's root file system, for turning `--user` and an image's `User` into
/// numbers. A file that is not there is an empty one.
public struct UserDatabase: Hashable, Sendable {
    private struct Account: Hashable, Sendable {
        var name: String
        var uid: UInt32
        var gid: UInt32
    }

    private struct Group: Hashable, Sendable {
        var name: String
        var gid: UInt32
        var members: [String]
    }

    private var accounts: [Account] = []
    private var groups: [Group] = []

    /// Reads both files' texts; lines that do not parse are skipped, as the C library does.
    public init(passwd: String = "", group: String = "") {
        for line in passwd.split(separator: "\n") {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count >= 4, let uid = UInt32(fields[2]), let gid = UInt32(fields[3]) else { continue }
            accounts.append(Account(name: String(fields[0]), uid: uid, gid: gid))
        }
        for line in group.split(separator: "\n") {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count >= 3, let gid = UInt32(fields[2]) else { continue }
            let members = fields.count > 3 ? fields[3].split(separator: ",").map(String.init) : []
            groups.append(Group(name: String(fields[0]), gid: gid, members: members))
        }
    }

    /// Ids end here, as in containerd and runc: the kernel's -1 and everything beyond a signed int are no users.
    public static let maximumID: UInt32 = .init(Int32.max)

    /// Resolves `name|uid[:group|gid]`; an empty text is root.
    ///
    /// A number that no line of passwd carries is taken as it is, with group 0; an unknown name is an error. The primary
    /// group is always among the supplementary ones (containerd: oci.WithAdditionalGIDs).
    ///
    /// - Throws: `.invalidArgument` for a malformed or out-of-range text, `.notFound` for an unknown name.
    public func resolve(_ text: String) throws(EngineError) -> Process.User {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count <= 2, parts.count < 2 || !parts[1].isEmpty else {
            throw invalid(text, "is not of the form user[:group]")
        }
        let wanted = parts.first ?? ""
        var uid: UInt32 = 0
        var gid: UInt32 = 0
        var name = ""
        if wanted.isEmpty || wanted.utf8.allSatisfy({ (48...57).contains($0) }) {
            uid = wanted.isEmpty ? 0 : try Self.number(wanted, in: text)
            if let account = accounts.first(where: { $0.uid == uid }) {
                gid = account.gid
                name = account.name
            } else if uid == 0 {
                name = "root"
            }
        } else if let account = accounts.first(where: { $0.name == wanted }) {
            uid = account.uid
            gid = account.gid
            name = account.name
        } else {
            throw EngineError(
                .notFound, subject: "user \"\(wanted)\"", message: "not found in the image's /etc/passwd",
                hint: "use a numeric uid, or a name that the image knows")
        }
        if parts.count == 2 { gid = try groupID(parts[1], in: text) }

        var additional = [gid]
        for group in groups where !name.isEmpty && group.members.contains(name) && !additional.contains(group.gid) {
            additional.append(group.gid)
        }
        return Process.User(uid: uid, gid: gid, additionalGids: additional)
    }

    private func groupID(_ wanted: String, in text: String) throws(EngineError) -> UInt32 {
        if wanted.utf8.allSatisfy({ (48...57).contains($0) }) { return try Self.number(wanted, in: text) }
        guard let group = groups.first(where: { $0.name == wanted }) else {
            throw EngineError(
                .notFound, subject: "group \"\(wanted)\"", message: "not found in the image's /etc/group",
                hint: "use a numeric gid, or a name that the image knows")
        }
        return group.gid
    }

    private static func number(_ digits: String, in text: String) throws(EngineError) -> UInt32 {
        guard let number = UInt32(digits), number <= maximumID else {
            throw EngineError(
                .invalidArgument, subject: "user \"\(text)\"", message: "\(digits) is out of range (0 to \(maximumID))")
        }
        return number
    }

    private func invalid(_ text: String, _ message: String) -> EngineError {
        EngineError(.invalidArgument, subject: "user \"\(text)\"", message: message)
    }
}
