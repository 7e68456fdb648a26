import Glibc
public import SwctrCore
import SwctrLinux

/// Where an import's bytes come from: a file, standard input, or a folder in OCI layout, which becomes an archive on
/// its way.
public protocol ArchiveSource: AnyObject {
    /// The next bytes, at most about `ArchiveChunk.size`; nil at the end.
    func next() throws(EngineError) -> [UInt8]?
}

public enum ArchiveChunk {
    /// Bytes in one message: large enough to make calls rare, far below what a frame holds.
    public static let size = 256 << 10

    /// Opens what the user named: `-` is standard input.
    public static func source(_ path: String) throws(EngineError) -> any ArchiveSource {
        if path == "-" { return FileSource(STDIN_FILENO, path: "standard input") }
        let fd = try openFile(path, O_RDONLY)
        var status = stat()
        if fstat(fd.number, &status) < 0 { throw .system("stat", subject: path) }
        if status.st_mode & S_IFMT == S_IFDIR { return try LayoutSource(path) }
        return FileSource(fd, path: path)
    }
}

/// The bytes of an open file, a pipe included.
public final class FileSource: ArchiveSource {
    private let fd: Int32
    private let own: OwnedFD?
    private let path: String

    /// - Parameter fd: stays with the caller.
    public init(_ fd: Int32, path: String) {
        self.fd = fd
        own = nil
        self.path = path
    }

    init(_ fd: consuming OwnedFD, path: String) {
        self.fd = fd.number
        own = consume fd
        self.path = path
    }

    public func next() throws(EngineError) -> [UInt8]? { try next(atMost: ArchiveChunk.size) }

    func next(atMost limit: Int) throws(EngineError) -> [UInt8]? {
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            let result = retryingRead(fd, buffer)
            failure = result < 0 ? errno : 0
            count = max(0, result)
        }
        if failure != 0 { throw .system("read", subject: path, errno: failure) }
        return bytes.isEmpty ? nil : bytes
    }
}

private func retryingRead(_ fd: Int32, _ buffer: UnsafeMutableBufferPointer<UInt8>) -> Int {
    while true {
        let count = Glibc.read(fd, buffer.baseAddress, buffer.count)
        if count >= 0 || errno != EINTR { return count }
    }
}

/// A folder in OCI layout as a tar archive, made while it is read: the layout's own files first, then the blobs, so that
/// the reader knows what it gets before it gets much.
public final class LayoutSource: ArchiveSource {
    private let root: String
    private var remaining: [(path: String, isDirectory: Bool)]
    private var current: (source: FileSource, path: String, size: UInt64, left: UInt64)?
    private var hasEnded = false

    /// - Throws: `.invalidArgument` where the folder is no layout or holds something else than files and folders.
    public init(_ root: String) throws(EngineError) {
        self.root = root
        guard
            access("\(root)/oci-layout", R_OK) == 0 || access("\(root)/index.json", R_OK) == 0
                || access("\(root)/manifest.json", R_OK) == 0
        else {
            throw EngineError(
                .invalidArgument, subject: "folder \(root)",
                message: "is no OCI image layout: it has no oci-layout file")
        }
        remaining = []
        try list("")
        // A list that is taken from its end.
        remaining.sort {
            Self.rank($0.path) != Self.rank($1.path) ? Self.rank($0.path) > Self.rank($1.path) : $0.path > $1.path
        }
    }

    public func next() throws(EngineError) -> [UInt8]? {
        if var file = current {
            if file.left == 0 {
                current = nil
                let padding = TarHeader.padding(after: file.size)
                return padding == 0 ? try next() : [UInt8](repeating: 0, count: padding)
            }
            let limit = Int(min(UInt64(ArchiveChunk.size), file.left))
            guard let bytes = try file.source.next(atMost: limit) else {
                throw EngineError(.aborted, subject: file.path, message: "became shorter while it was read")
            }
            file.left -= UInt64(bytes.count)
            current = file
            return bytes
        }
        guard let entry = remaining.popLast() else {
            if hasEnded { return nil }
            hasEnded = true
            return TarHeader.end
        }
        if entry.isDirectory {
            return try TarHeader.encode(path: entry.path + "/", kind: .directory, size: 0, mode: 0o755)
        }
        let path = "\(root)/\(entry.path)"
        let fd = try openFile(path, O_RDONLY)
        var status = stat()
        if fstat(fd.number, &status) < 0 { throw .system("stat", subject: path) }
        let size = UInt64(status.st_size)
        current = (FileSource(fd, path: path), path, size, size)
        return try TarHeader.encode(path: entry.path, kind: .file, size: size, mode: 0o644)
    }

    private static func rank(_ path: String) -> Int {
        switch path {
        case "oci-layout": 0
        case "index.json", "manifest.json": 1
        default: 2
        }
    }

    private func list(_ folder: String) throws(EngineError) {
        let path = folder.isEmpty ? root : "\(root)/\(folder)"
        guard let stream = opendir(path) else { throw .system("read folder", subject: path) }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name == "." || name == ".." { continue }
            let relative = folder.isEmpty ? name : "\(folder)/\(name)"
            var status = stat()
            if stat("\(root)/\(relative)", &status) < 0 { throw .system("stat", subject: "\(root)/\(relative)") }
            switch status.st_mode & S_IFMT {
            case S_IFDIR:
                remaining.append((relative, true))
                try list(relative)
            case S_IFREG: remaining.append((relative, false))
            default:
                throw EngineError(
                    .invalidArgument, subject: "\(root)/\(relative)", message: "is neither a file nor a folder")
            }
        }
    }
}
