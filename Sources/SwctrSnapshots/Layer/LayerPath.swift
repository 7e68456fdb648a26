/// A path of an archive as components, each with the final zero that calls want. Empty ones and dots are gone; `..` is
/// kept, because what it means depends on the links before it.
enum LayerPath {
    static func components(_ path: some Sequence<UInt8>) -> [[CChar]] {
        path.split(separator: UInt8(ascii: "/")).compactMap { part in
            if part.elementsEqual(".".utf8) { return nil }
            return part.map { CChar(bitPattern: $0) } + [0]
        }
    }

    static let dotDot: [CChar] = [46, 46, 0]

    /// Canonical components as one key: "a/b/c".
    static func joined(_ components: some Sequence<[CChar]>) -> [UInt8] {
        var path: [UInt8] = []
        for component in components {
            if !path.isEmpty { path.append(UInt8(ascii: "/")) }
            path += component.dropLast().map { UInt8(bitPattern: $0) }
        }
        return path
    }
}
