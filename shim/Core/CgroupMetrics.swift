/// A cgroup's files as the message that containerd's clients decode (`io.containerd.cgroups.v1.Metrics`, `…v2.Metrics`).
///
/// What a host does not count is zero: clients look into the parts of the message without asking whether they are there.
enum CgroupMetrics {
    static var typeV1: Text { "io.containerd.cgroups.v1.Metrics" }
    static var typeV2: Text { "io.containerd.cgroups.v2.Metrics" }

    /// The number in a file of its own; `max` means no limit.
    static func number(_ text: Text?, unlimited: UInt64 = .max) -> UInt64 {
        guard let word = text?.trimmed else { return 0 }
        if word == "max" { return unlimited }
        var value: UInt64 = 0
        for byte in word.bytes {
            guard byte >= 0x30, byte <= 0x39 else { return 0 }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(byte - 0x30))
            // v1's "no limit" is near 2^63; anything larger is no limit as well.
            if overflow || carry { return .max }
            value = sum
        }
        return value
    }

    /// The values of `key value` lines, in the order of `names`.
    ///
    /// Those are one literal with blanks between, as everywhere here: a table has an address in every entry, which makes
    /// it a part of each shim's own memory.
    static func values(_ text: Text?, _ names: StaticString) -> [UInt64] {
        let names = Text(stringLiteral: names).split(0x20)
        var result = [UInt64](repeating: 0, count: names.count)
        guard let text else { return result }
        for line in text.split(0x0a) {
            guard let blank = line.firstIndex(of: " ") else { continue }
            let name = line.prefix(blank)
            if let index = names.firstIndex(of: name) { result[index] = number(line.dropFirst(blank + 1)) }
        }
        return result
    }

    /// Every size of huge page that Linux has on some machine; a host has a file for those of its own.
    static var hugePageSizes: [Text] { ["64KB", "1MB", "2MB", "16MB", "32MB", "512MB", "1GB", "2GB", "16GB"] }

    /// `rdma.current` and `rdma.max`, of lines such as `mlx4_0 hca_handle=2 hca_object=max`.
    static func rdma(current: Text?, limit: Text?) -> ProtobufWriter {
        var stat = ProtobufWriter()
        for (field, text) in [(1, current), (2, limit)] {
            for line in text?.split(0x0a) ?? [] {
                let words = line.split(0x20)
                guard words.count > 1 else { continue }
                var entry = ProtobufWriter()
                entry.string(1, words[0])
                for (index, name) in (["hca_handle=", "hca_object="] as [Text]).enumerated() {
                    guard let word = words.first(where: { $0.hasPrefix(name) }) else { continue }
                    entry.number(2 + index, number(word.dropFirst(name.count), unlimited: UInt64(UInt32.max)))
                }
                stat.message(field, entry)
            }
        }
        return stat
    }

    /// A message whose fields are numbered from `first` in the order of the names.
    static func fields(_ text: Text?, _ names: StaticString, first: Int = 1) -> ProtobufWriter {
        var writer = ProtobufWriter()
        for (index, value) in values(text, names).enumerated() { writer.number(first + index, value) }
        return writer
    }
}
