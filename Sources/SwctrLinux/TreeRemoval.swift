import CSwctrLinux
import Glibc
public import SwctrCore

extension OwnedFD {
    /// Removes `name` and everything below it. Symbolic links are removed, never followed; mount points are an error.
    /// Two may be at it at the same time: what is gone already is what was wanted.
    ///
    /// A tree deeper than descriptors and stack allow (a container can make one) is taken apart from the middle:
    /// its deep part is moved up and removed on its own.
    ///
    /// - Returns: whether there was anything.
    @discardableResult
    public borrowing func removeTree(_ name: UnsafePointer<CChar>) throws(EngineError) -> Bool {
        let directory = number
        let subject = String(cString: name)
        if unlinkat(directory, name, 0) == 0 { return true }
        let number = errno
        if number == ENOENT { return false }
        if number != EISDIR && number != EPERM { throw .system("remove", subject: subject, errno: number) }
        guard let root = try openForRemoval(name, subject: subject) else { return true }
        var removal = TreeRemoval(root: root.number)
        repeat {
            removal.moved = false
            try removal.empty(root, subject: subject, depth: 0)
        } while removal.moved
        try Self.removeEmpty(name, in: directory, subject: subject)
        return true
    }

    /// Nil where it is gone.
    fileprivate borrowing func openForRemoval(
        _ name: UnsafePointer<CChar>, subject: String
    ) throws(EngineError) -> OwnedFD? {
        do throws(EngineError) {
            return try open(
                below: name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, resolve: [.noSymbolicLinks, .noCrossing],
                subject: subject)
        } catch {
            if error.code == .notFound { return nil }
            throw error
        }
    }

    fileprivate static func removeEmpty(
        _ name: UnsafePointer<CChar>, in directory: Int32, subject: String
    ) throws(EngineError) {
        if unlinkat(directory, name, AT_REMOVEDIR) != 0 && errno != ENOENT { throw .system("remove", subject: subject) }
    }
}

private struct TreeRemoval {
    /// The top of the tree, where deep parts are moved to.
    let root: Int32
    /// Something was moved up, so the top has to be emptied once more.
    var moved = false
    private var count = 0

    private static let maximumDepth = 100

    init(root: Int32) { self.root = root }

    mutating func empty(_ directory: borrowing OwnedFD, subject: String, depth: Int) throws(EngineError) {
        let parent = directory.number
        for entry in try directory.entries(subject: subject) {
            if entry.type != DT_DIR {
                if unlinkat(parent, entry.name, 0) == 0 || errno == ENOENT { continue }
                if errno != EISDIR && errno != EPERM {
                    throw .system("remove", subject: "\(subject)/\(entry.text)")
                }
            }
            if unlinkat(parent, entry.name, AT_REMOVEDIR) == 0 || errno == ENOENT { continue }
            if depth >= Self.maximumDepth {
                try moveUp(entry, from: parent, subject: subject)
                continue
            }
            // Messages name the tree and not every folder in it: paths may be longer than anybody wants to read.
            let shown = "\(subject): \(entry.text)"
            guard let inner = try directory.openForRemoval(entry.name, subject: shown) else { continue }
            try empty(inner, subject: subject, depth: depth + 1)
            try OwnedFD.removeEmpty(entry.name, in: parent, subject: shown)
        }
    }

    private mutating func moveUp(_ entry: DirectoryEntry, from parent: Int32, subject: String) throws(EngineError) {
        let top = root
        while true {
            count += 1
            if renameat(parent, entry.name, top, ".removing-\(count)") == 0 { break }
            if errno == ENOENT { return }
            // A name that the tree happens to have itself: take the next one.
            if errno != EEXIST && errno != ENOTEMPTY && errno != ENOTDIR {
                throw .system("remove", subject: subject)
            }
        }
        moved = true
    }
}
