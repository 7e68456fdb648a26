import Foundation
public import SwctrCore
public import SwctrOCI

/// How an archive is taken in.
public struct ImportOptions: Sendable {
    public var snapshotter: String
    public var unpack: Bool
    /// Names what carries only a tag; with it, entries of other names are left out. Empty: `import-YYYY-MM-DD`, and
    /// nothing is left out.
    public var baseName: String
    /// Also name each manifest BASE@DIGEST.
    public var namesDigests: Bool
    /// Name for the archive's index itself; empty for none.
    public var indexName: String
    /// What must be whole, and is unpacked; nil: every platform that the archive brings.
    public var platform: Platform?

    public init(
        snapshotter: String, unpack: Bool = true, baseName: String = "", namesDigests: Bool = false,
        indexName: String = "", platform: Platform? = .host
    ) {
        self.snapshotter = snapshotter
        self.unpack = unpack
        self.baseName = baseName
        self.namesDigests = namesDigests
        self.indexName = indexName
        self.platform = platform
    }

    /// Names that an archive's entries get, by containerd's rules (containerd: core/images/archive/reference.go).
    struct Naming: Sendable {
        let base: String
        let filters: Bool

        init(_ options: ImportOptions, today: Date) {
            filters = !options.baseName.isEmpty
            if filters {
                base = options.baseName
            } else {
                let style = Date.ISO8601FormatStyle(timeZone: .gmt).year().month().day()
                base = "import-\(today.formatted(style))"
            }
        }

        /// The full name for what the archive calls `name`; nil where it is to be left out.
        func full(_ name: String) -> String? {
            guard name.contains(where: { "/:@".contains($0) }) else { return "\(base):\(name)" }
            if filters, !isBelowBase(name) { return nil }
            return name
        }

        func digestName(_ digest: Digest) -> String { "\(base)@\(digest)" }

        private func isBelowBase(_ name: String) -> Bool {
            guard name.hasPrefix(base) else { return false }
            guard let next = name.dropFirst(base.count).first else { return true }
            return "/:@".contains(next)
        }
    }
}

/// What an import tells while it goes on.
public enum ImportProgress: Sendable, Hashable {
    /// A blob arrived whole; bytes.
    case blob(Digest, size: Int64)
    /// A layer was unpacked: the number of it, and of how many.
    case unpacked(Digest, number: Int, of: Int)
}

/// What happens to images.
public enum ImageEvent: Sendable, Hashable {
    case created(String)
    case updated(String)
    case deleted(String)
}
