/// cgroup v1: a directory for each controller.
extension CgroupMetrics {
    /// Encodes what `read` finds in a controller's directory of the container; `device` names a block device by
    /// `major:minor`.
    static func v1(read: (_ controller: Text, _ file: Text) -> Text?, device: (Text) -> Text) -> [UInt8] {
        var metrics = ProtobufWriter()
        for size in hugePageSizes {
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
        metrics.message(3, cpuV1(read))
        if let stat = read("memory", "memory.stat") { metrics.message(4, memoryV1(stat, read)) }
        metrics.message(5, blkio(read, device))
        if let current = read("rdma", "rdma.current") {
            metrics.message(6, rdma(current: current, limit: read("rdma", "rdma.max")))
        }
        if let control = read("memory", "memory.oom_control") {
            metrics.message(9, fields(control, "oom_kill_disable under_oom oom_kill"))
        }
        return metrics.bytes
    }

    private static func cpuV1(_ read: (Text, Text) -> Text?) -> ProtobufWriter {
        // cpuacct.stat counts in hundredths of a second, on every architecture.
        let ticks = values(read("cpuacct", "cpuacct.stat"), "system user")
        var times = ProtobufWriter()
        times.number(1, number(read("cpuacct", "cpuacct.usage")))
        times.number(2, ticks[0] &* 10_000_000)
        times.number(3, ticks[1] &* 10_000_000)
        let perCPU = read("cpuacct", "cpuacct.usage_percpu")?.trimmed.split(0x20) ?? []
        times.packed(4, perCPU.map { number($0) })
        var cpu = ProtobufWriter()
        cpu.message(1, times)
        cpu.message(2, fields(read("cpu", "cpu.stat"), "nr_periods nr_throttled throttled_time"))
        return cpu
    }

    private static func memoryV1(_ stat: Text, _ read: (Text, Text) -> Text?) -> ProtobufWriter {
        var memory = fields(
            stat,
            """
            cache rss rss_huge mapped_file dirty writeback pgpgin pgpgout pgfault pgmajfault inactive_anon \
            active_anon inactive_file active_file unevictable hierarchical_memory_limit hierarchical_memsw_limit \
            total_cache total_rss total_rss_huge total_mapped_file total_dirty total_writeback total_pgpgin \
            total_pgpgout total_pgfault total_pgmajfault total_inactive_anon total_active_anon total_inactive_file \
            total_active_file total_unevictable
            """)
        for (index, prefix) in (["memory.", "memory.memsw.", "memory.kmem.", "memory.kmem.tcp."] as [Text]).enumerated()
        {
            var entry = ProtobufWriter()
            entry.number(1, number(read("memory", prefix + "limit_in_bytes")))
            entry.number(2, number(read("memory", prefix + "usage_in_bytes")))
            entry.number(3, number(read("memory", prefix + "max_usage_in_bytes")))
            entry.number(4, number(read("memory", prefix + "failcnt")))
            memory.message(33 + index, entry)
        }
        return memory
    }

    /// What the proportional scheduler counted, where a kernel has it and a device uses it; else what passed the
    /// throttling layer.
    private static func blkio(_ read: (Text, Text) -> Text?, _ device: (Text) -> Text) -> ProtobufWriter {
        let names: [Text] = [
            "io_service_bytes", "io_serviced", "io_queued", "io_service_time", "io_wait_time", "io_merged", "time",
            "sectors",
        ]
        var io = ProtobufWriter()
        for (index, name) in names.enumerated() {
            guard let text = read("blkio", "blkio.\(name)_recursive") else { continue }
            for entry in ioEntriesV1(text, device) { io.message(1 + index, entry) }
        }
        guard io.bytes.isEmpty else { return io }
        for (index, name) in names.prefix(2).enumerated() {
            // The recursive files are younger than the others.
            let file: Text = "blkio.throttle.\(name)"
            guard let text = read("blkio", file + "_recursive") ?? read("blkio", file) else { continue }
            for entry in ioEntriesV1(text, device) { io.message(1 + index, entry) }
        }
        return io
    }

    /// Lines such as `8:0 Read 4096`, or `8:0 4096` where kinds are not told apart; the last line is a total.
    private static func ioEntriesV1(_ text: Text, _ device: (Text) -> Text) -> [ProtobufWriter] {
        text.split(0x0a).compactMap { line in
            let words = line.split(0x20)
            let numbers = words[0].split(0x3a)
            guard let last = words.last, words.count == 2 || words.count == 3, numbers.count == 2 else { return nil }
            var entry = ProtobufWriter()
            if words.count == 3 { entry.string(1, words[1]) }
            entry.string(2, device(words[0]))
            entry.number(3, number(numbers[0]))
            entry.number(4, number(numbers[1]))
            entry.number(5, number(last))
            return entry
        }
    }
}
