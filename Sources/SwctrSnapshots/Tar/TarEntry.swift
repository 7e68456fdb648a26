public import SwctrCore

/// One thing in a tar archive, with everything that its extension headers said about it.
public struct TarEntry: Sendable {
    public enum Kind: Sendable {
        case file, hardLink, symbolicLink, characterDevice, blockDevice, directory, fifo
    }

    /// Seconds and nanoseconds since 1970.
    public struct Time: Hashable, Sendable {
        public var seconds: Int64
        public var nanoseconds: Int64
        public init(seconds: Int64, nanoseconds: Int64 = 0) {
            self.seconds = seconds
            self.nanoseconds = nanoseconds
        }
    }

    /// A stretch of data in a sparse file.
    public struct Extent: Hashable, Sendable {
        public var offset: Int64
        public var length: Int64
    }

    public struct Attribute: Hashable, Sendable {
        public var name: [UInt8]
        public var value: [UInt8]
    }

    public var kind = Kind.file
    /// As in the archive, with leading and trailing slashes, dots and all. Without zero bytes.
    public var path: [UInt8] = []
    /// Target of a link.
    public var link: [UInt8] = []
    /// The file's size in bytes, holes included.
    public var size: Int64 = 0
    /// Permission bits, set-user-id, set-group-id and sticky.
    public var mode: UInt32 = 0
    public var uid: UInt32 = 0
    public var gid: UInt32 = 0
    public var modified = Time(seconds: 0)
    public var major: UInt32 = 0
    public var minor: UInt32 = 0
    public var attributes: [Attribute] = []
    /// Whether the file has holes: data then comes with gaps between offsets.
    public var isSparse = false

    public init() {}

    /// The path for messages.
    public var name: String { String(decoding: path.prefix(300), as: UTF8.self) }
}

/// What takes an archive apart. Each entry is begun, given its data in order, and ended.
public protocol TarHandler: AnyObject {
    func begin(_ entry: TarEntry) throws(EngineError)
    /// - Parameter offset: where in the file the bytes belong.
    func data(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(EngineError)
    func end() throws(EngineError)
}
