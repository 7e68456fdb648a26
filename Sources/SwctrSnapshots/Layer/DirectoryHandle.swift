import Glibc
import SwctrCore
import SwctrLinux

/// A shared, open directory; closed when the last user is done with it.
final class DirectoryHandle {
    let descriptor: OwnedFD

    init(_ descriptor: consuming OwnedFD) { self.descriptor = descriptor }

    /// The number, for one call; valid only while the handle lives.
    var number: Int32 { descriptor.number }

    /// The directory `name` in this one; a symbolic link or a mount there is refused.
    func child(_ name: [CChar]) throws(EngineError) -> DirectoryHandle {
        DirectoryHandle(
            try descriptor.open(
                below: name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW,
                resolve: [.noSymbolicLinks, .noMagicLinks, .noCrossing], subject: Self.text(name)))
    }

    /// What `name` is, a symbolic link itself included; nil where there is nothing.
    func status(of name: [CChar]) throws(EngineError) -> stat? {
        var status = stat()
        if fstatat(number, name, &status, AT_SYMLINK_NOFOLLOW) == 0 { return status }
        if errno == ENOENT || errno == ENOTDIR { return nil }
        throw .system("stat", subject: Self.text(name))
    }

    /// The target of the symbolic link `name`, without the final zero.
    func target(of name: [CChar]) throws(EngineError) -> [UInt8] {
        var buffer = [CChar](repeating: 0, count: 4096)
        let length = try retryingInterrupts("read link", subject: Self.text(name)) {
            readlinkat(number, name, &buffer, buffer.count)
        }
        return buffer[..<length].map { UInt8(bitPattern: $0) }
    }

    /// A path to `name` in this directory for calls that know no directory descriptors. No part of it but the last
    /// can be a link that somebody else made.
    func path(of name: [CChar]) -> [CChar] {
        "/proc/self/fd/\(number)/".utf8.map { CChar(bitPattern: $0) } + name
    }

    static func text(_ name: [CChar]) -> String {
        String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension stat {
    var kind: mode_t { st_mode & S_IFMT }
    var isDirectory: Bool { kind == S_IFDIR }
    /// How overlayfs marks something as deleted.
    var isWhiteout: Bool { kind == S_IFCHR && st_rdev == 0 }
}
