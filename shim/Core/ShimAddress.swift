/// Where a shim listens.
struct ShimAddress: Equatable {
    static var defaultDirectory: Text { "/run/containerd/s" }
    /// Room in sockaddr_un.sun_path, without the final NUL.
    static let maximumPathLength = 107

    var path: Text

    init(path: Text) {
        self.path = path
    }

    /// The socket of a group of containers: containerd's name for it, the SHA-256 of address, namespace and group
    /// joined as a path.
    init(directory: Text, containerdAddress: Text, namespace: Text, group: Text) {
        path = directory.appending(component: SHA256.hex(Self.join([containerdAddress, namespace, group])))
    }

    var url: Text { "unix://" + path }

    /// Whether a path names a directory or something below it; links are not looked at.
    static func isPath(_ path: Text, within directory: Text) -> Bool {
        let inner = join([path])
        let outer = join([directory])
        return inner == outer || inner.hasPrefix(outer.appending(component: ""))
    }

    /// Go's `filepath.Join`: joins with `/`, leaves out empty parts and cleans `.`, `..` and doubled slashes.
    static func join(_ parts: [Text]) -> Text {
        let present = parts.filter { !$0.isEmpty }
        guard let first = present.first else { return "" }
        let isAbsolute = first.hasPrefix("/")
        var names: [Text] = []
        for part in present {
            for name in part.split(0x2f) where !name.isEmpty && name != "." {
                if name != ".." {
                    names.append(name)
                } else if let last = names.last, last != ".." {
                    names.removeLast()
                } else if !isAbsolute {
                    names.append(name)
                }
            }
        }
        var result: Text = isAbsolute ? "/" : ""
        for (index, name) in names.enumerated() {
            if index > 0 { result += "/" }
            result += name
        }
        return result.isEmpty ? "." : result
    }
}
