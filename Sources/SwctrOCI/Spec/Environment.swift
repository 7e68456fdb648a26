/// Environment lists as processes have them: `KEY=VALUE` in an order.
public enum Environment {
    /// `changes` over `base`: `KEY=VALUE` replaces the value where the key is and appends where it is not; a bare `KEY`
    /// removes it (containerd: oci.replaceOrAppendEnvValues).
    public static func merging(_ changes: [String], into base: [String]) -> [String] {
        var result = base
        for change in changes {
            let key = change.prefix { $0 != "=" }
            let position = result.firstIndex { $0.prefix { $0 != "=" } == key }
            if !change.contains("=") {
                if let position { result.remove(at: position) }
            } else if let position {
                result[position] = change
            } else {
                result.append(change)
            }
        }
        return result
    }
}
