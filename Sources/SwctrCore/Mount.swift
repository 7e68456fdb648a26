/// One mount as fstab and containerd word it: a type, a source and option words.
public struct Mount: Hashable, Sendable {
    /// "overlay", "bind", "tmpfs", …
    public var type: String
    public var source: String
    /// Sub-path of the root file system; empty for the root itself.
    public var target: String
    /// Flags (`ro`, `nosuid`, `rbind`, …) and file-system data (`lowerdir=…`), mixed as in fstab.
    public var options: [String]

    public init(type: String, source: String, target: String = "", options: [String] = []) {
        self.type = type
        self.source = source
        self.target = target
        self.options = options
    }
}

extension Mount {
    /// The same for a tree that is removed after its only use: an overlay is mounted `volatile` (Linux 5.10), so that
    /// unmounting it does not write back everything that its upper file system holds, ours or not. Such an overlay
    /// cannot be mounted a second time.
    public var withoutWriteback: Mount {
        guard type == "overlay", options.contains(where: { $0.hasPrefix("upperdir=") }) else { return self }
        var mount = self
        mount.options.insert("volatile", at: 0)
        return mount
    }
}
