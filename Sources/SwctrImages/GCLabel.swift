import SwctrCore

/// Labels with a meaning to the collector, as containerd has them (containerd: docs/garbage-collection.md).
enum GCLabel {
    /// Keeps an object whether or not anything names it.
    static let root = "containerd.io/gc.root"
    /// Followed by `.` and anything: the object needs this content.
    static let content = "containerd.io/gc.ref.content"
    /// Followed by a snapshotter's name, and perhaps `/` and anything: the object needs this snapshot.
    static let snapshot = "containerd.io/gc.ref.snapshot."
    /// Followed by a registry's host: the repositories there that have the blob.
    static let source = "containerd.io/distribution.source."

    /// Whether a label names one of a manifest's layers.
    static func isLayer(_ key: String) -> Bool { key.hasPrefix(content + ".l.") }

    /// Content that labels name.
    static func digests(in labels: Labels) -> [Digest] {
        labels.filter { $0.key.hasPrefix(content) }.compactMap { try? Digest($0.value) }
    }

    /// Snapshots that labels name: the snapshotter and the key.
    static func snapshots(in labels: Labels) -> [(snapshotter: String, key: String)] {
        labels.filter { $0.key.hasPrefix(snapshot) }.map { label in
            (String(label.key.dropFirst(snapshot.count).prefix { $0 != "/" }), label.value)
        }
    }
}
