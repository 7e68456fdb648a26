/// A cgroup's files as the message that containerd's clients decode (`io.containerd.cgroups.v1.Metrics`, `…v2.Metrics`).
///
/// Files that are missing are left out: controllers differ from host to host.
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
    static func values(_ text: Text?, _ names: [StaticString]) -> [UInt64] {
        var result = [UInt64](repeating: 0, count: names.count)
        guard let text else { return result }
        for line in text.split(0x0a) {
            guard let blank = line.firstIndex(of: " ") else { continue }
            let name = line.prefix(blank)
            if let index = names.firstIndex(where: { Text(stringLiteral: $0) == name }) {
                result[index] = number(line.dropFirst(blank + 1))
            }
        }
        return result
    }

    /// A message whose fields are numbered from `first` in the order of the names.
    static func fields(_ text: Text?, _ names: [StaticString], first: Int = 1) -> ProtobufWriter {
        var writer = ProtobufWriter()
        for (index, value) in values(text, names).enumerated() { writer.number(first + index, value) }
        return writer
    }
}

// MARK: - cgroup v2

extension CgroupMetrics {
    /// Encodes what `read` finds in the container's directory.
    static func v2(read: (Text) -> Text?) -> [UInt8] {
        var metrics = ProtobufWriter()
        if let current = read("pids.current") {
            var pids = ProtobufWriter()
            pids.number(1, number(current))
            pids.number(2, number(read("pids.max")))
            metrics.message(1, pids)
        }
        if let stat = read("cpu.stat") { metrics.message(2, cpu(stat, read("cpu.pressure"))) }
        if let stat = read("memory.stat") { metrics.message(4, memory(stat, read)) }
        if let stat = read("io.stat") {
            var io = ProtobufWriter()
            for entry in ioEntries(stat) { io.message(1, entry) }
            if let pressure = read("io.pressure") { io.message(2, psi(pressure)) }
            metrics.message(6, io)
        }
        for size in ["2MB", "1GB"] as [Text] {
            guard let current = read("hugetlb.\(size).current") else { continue }
            var pages = ProtobufWriter()
            pages.number(1, number(current))
            pages.number(2, number(read("hugetlb.\(size).max")))
            pages.string(3, size)
            pages.number(4, values(read("hugetlb.\(size).events"), ["max"])[0])
            metrics.message(7, pages)
        }
        if let events = read("memory.events") {
            metrics.message(8, fields(events, ["low", "high", "max", "oom", "oom_kill", "oom_group_kill"]))
        }
        return metrics.bytes
    }

    private static func cpu(_ stat: Text, _ pressure: Text?) -> ProtobufWriter {
        var cpu = fields(
            stat, ["usage_usec", "user_usec", "system_usec", "nr_periods", "nr_throttled", "throttled_usec"])
        if let pressure { cpu.message(7, psi(pressure)) }
        let bursts = values(stat, ["nr_bursts", "burst_usec"])
        cpu.number(8, bursts[0])
        cpu.number(9, bursts[1])
        return cpu
    }

    private static func memory(_ stat: Text, _ read: (Text) -> Text?) -> ProtobufWriter {
        var memory = fields(
            stat,
            [
                "anon", "file", "kernel_stack", "slab", "sock", "shmem", "file_mapped", "file_dirty", "file_writeback",
                "anon_thp", "inactive_anon", "active_anon", "inactive_file", "active_file", "unevictable",
                "slab_reclaimable", "slab_unreclaimable", "pgfault", "pgmajfault", "workingset_refault",
                "workingset_activate", "workingset_nodereclaim", "pgrefill", "pgscan", "pgsteal", "pgactivate",
                "pgdeactivate", "pglazyfree", "pglazyfreed", "thp_fault_alloc", "thp_collapse_alloc",
            ])
        let files: [Text] = [
            "memory.current", "memory.max", "memory.swap.current", "memory.swap.max", "memory.peak", "memory.swap.peak",
        ]
        for (index, file) in files.enumerated() { memory.number(32 + index, number(read(file))) }
        if let pressure = read("memory.pressure") { memory.message(38, psi(pressure)) }
        return memory
    }

    /// Lines such as `8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0`.
    private static func ioEntries(_ stat: Text) -> [ProtobufWriter] {
        stat.split(0x0a).compactMap { line in
            let words = line.split(0x20)
            let device = words[0].split(0x3a)
            guard device.count == 2 else { return nil }
            var entry = ProtobufWriter()
            entry.number(1, number(device[0]))
            entry.number(2, number(device[1]))
            for (index, name) in (["rbytes=", "wbytes=", "rios=", "wios="] as [Text]).enumerated() {
                if let word = words.first(where: { $0.hasPrefix(name) }) {
                    entry.number(3 + index, number(word.dropFirst(name.count)))
                }
            }
            return entry
        }
    }

    /// Lines such as `some avg10=0.00 avg60=0.12 avg300=0.00 total=17`, and the same for `full`.
    private static func psi(_ pressure: Text) -> ProtobufWriter {
        var result = ProtobufWriter()
        for line in pressure.split(0x0a) {
            let words = line.split(0x20)
            let field = words[0] == "some" ? 1 : words[0] == "full" ? 2 : 0
            guard field != 0 else { continue }
            var data = ProtobufWriter()
            for (index, name) in (["avg10=", "avg60=", "avg300="] as [Text]).enumerated() {
                guard let word = words.first(where: { $0.hasPrefix(name) }) else { continue }
                // Always two decimals: the digits without their point are hundredths.
                let digits = Text(word.dropFirst(name.count).bytes.filter { $0 != 0x2e })
                data.double(1 + index, Double(number(digits)) / 100)
            }
            if let total = words.first(where: { $0.hasPrefix("total=") }) { data.number(4, number(total.dropFirst(6))) }
            result.message(field, data)
        }
        return result
    }
}

// MARK: - cgroup v1

extension CgroupMetrics {
    /// Encodes what `read` finds in a controller's directory of the container; `device` names a block device by
    /// `major:minor`.
    static func v1(read: (_ controller: Text, _ file: Text) -> Text?, device: (Text) -> Text) -> [UInt8] {
        var metrics = ProtobufWriter()
        for size in ["2MB", "1GB"] as [Text] {
            guard let usage = read("hugetlb", "hugetlb.\(size).usage_in_bytes") else { continue }
            var pages = ProtobufWriter()
            pages.number(1, number(usage))
            pages.number(2, number(read("hugetlb", "hugetlb.\(size).max_usage_in_bytes")))
            pages.number(3, number(read("hugetlb", "hugetlb.\(size).failcnt")))
            pages.string(4, size)
            metrics.message(1, pages)
        }
        if let current = read("pids", "pids.current") {
            var pids = ProtobufWriter()
            pids.number(1, number(current))
            pids.number(2, number(read("pids", "pids.max"), unlimited: 0))
            metrics.message(2, pids)
        }
        if let usage = read("cpuacct", "cpuacct.usage") { metrics.message(3, cpuV1(usage, read)) }
        if let stat = read("memory", "memory.stat") { metrics.message(4, memoryV1(stat, read)) }
        if let bytes = read("blkio", "blkio.throttle.io_service_bytes_recursive") {
            var io = ProtobufWriter()
            for entry in ioEntriesV1(bytes, device) { io.message(1, entry) }
            for entry in ioEntriesV1(read("blkio", "blkio.throttle.io_serviced_recursive") ?? "", device) {
                io.message(2, entry)
            }
            metrics.message(5, io)
        }
        if let control = read("memory", "memory.oom_control") {
            metrics.message(9, fields(control, ["oom_kill_disable", "under_oom", "oom_kill"]))
        }
        return metrics.bytes
    }

    private static func cpuV1(_ usage: Text, _ read: (Text, Text) -> Text?) -> ProtobufWriter {
        // cpuacct.stat counts in hundredths of a second, on every architecture.
        let ticks = values(read("cpuacct", "cpuacct.stat"), ["system", "user"])
        var times = ProtobufWriter()
        times.number(1, number(usage))
        times.number(2, ticks[0] &* 10_000_000)
        times.number(3, ticks[1] &* 10_000_000)
        let perCPU = read("cpuacct", "cpuacct.usage_percpu")?.trimmed.split(0x20) ?? []
        times.packed(4, perCPU.map { number($0) })
        var cpu = ProtobufWriter()
        cpu.message(1, times)
        cpu.message(2, fields(read("cpu", "cpu.stat"), ["nr_periods", "nr_throttled", "throttled_time"]))
        return cpu
    }

    private static func memoryV1(_ stat: Text, _ read: (Text, Text) -> Text?) -> ProtobufWriter {
        var memory = fields(
            stat,
            [
                "cache", "rss", "rss_huge", "mapped_file", "dirty", "writeback", "pgpgin", "pgpgout", "pgfault",
                "pgmajfault", "inactive_anon", "active_anon", "inactive_file", "active_file", "unevictable",
                "hierarchical_memory_limit", "hierarchical_memsw_limit", "total_cache", "total_rss", "total_rss_huge",
                "total_mapped_file", "total_dirty", "total_writeback", "total_pgpgin", "total_pgpgout", "total_pgfault",
                "total_pgmajfault", "total_inactive_anon", "total_active_anon", "total_inactive_file",
                "total_active_file", "total_unevictable",
            ])
        for (index, prefix) in (["memory.", "memory.memsw.", "memory.kmem.", "memory.kmem.tcp."] as [Text]).enumerated()
        {
            guard let usage = read("memory", prefix + "usage_in_bytes") else { continue }
            var entry = ProtobufWriter()
            entry.number(1, number(read("memory", prefix + "limit_in_bytes")))
            entry.number(2, number(usage))
            entry.number(3, number(read("memory", prefix + "max_usage_in_bytes")))
            entry.number(4, number(read("memory", prefix + "failcnt")))
            memory.message(33 + index, entry)
        }
        return memory
    }

    /// Lines such as `8:0 Read 4096`; the last line is a total without a device.
    private static func ioEntriesV1(_ text: Text, _ device: (Text) -> Text) -> [ProtobufWriter] {
        text.split(0x0a).compactMap { line in
            let words = line.split(0x20)
            let numbers = words[0].split(0x3a)
            guard words.count == 3, numbers.count == 2 else { return nil }
            var entry = ProtobufWriter()
            entry.string(1, words[1])
            entry.string(2, device(words[0]))
            entry.number(3, number(numbers[0]))
            entry.number(4, number(numbers[1]))
            entry.number(5, number(words[2]))
            return entry
        }
    }
}
