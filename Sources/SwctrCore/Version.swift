/// What `swctr version` prints.
public enum Version {
    /// Follows semantic versioning; CHANGELOG.md tells what changed.
    public static let current = "0.1.0"
}
