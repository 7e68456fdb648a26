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
