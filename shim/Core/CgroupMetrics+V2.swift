/// cgroup v2: all files are in one directory.
extension CgroupMetrics {
    /// Encodes what `read` finds in the container's directory.
    static func v2(read: (Text) -> Text?) -> [UInt8] {
        var metrics = ProtobufWriter()
        var pids = ProtobufWriter()
        pids.number(1, number(read("pids.current")))
        pids.number(2, number(read("pids.max")))
        metrics.message(1, pids)
        metrics.message(2, cpu(read("cpu.stat"), read("cpu.pressure")))
        metrics.message(4, memory(read("memory.stat"), read))
        metrics.message(5, rdma(current: read("rdma.current"), limit: read("rdma.max")))
        var io = ProtobufWriter()
        for entry in ioEntries(read("io.stat") ?? "") { io.message(1, entry) }
        if let pressure = read("io.pressure") { io.message(2, psi(pressure)) }
        metrics.message(6, io)
        for size in hugePageSizes {
            guard let current = read("hugetlb.\(size).current") else { continue }
            var pages = ProtobufWriter()
            pages.number(1, number(current))
            pages.number(2, number(read("hugetlb.\(size).max")))
            pages.string(3, size)
            pages.number(4, values(read("hugetlb.\(size).events"), "max")[0])
            metrics.message(7, pages)
        }
        if let events = read("memory.events") {
            metrics.message(8, fields(events, "low high max oom oom_kill oom_group_kill"))
        }
        return metrics.bytes
    }

    private static func cpu(_ stat: Text?, _ pressure: Text?) -> ProtobufWriter {
        var cpu = fields(
            stat, "usage_usec user_usec system_usec nr_periods nr_throttled throttled_usec")
        if let pressure { cpu.message(7, psi(pressure)) }
        let bursts = values(stat, "nr_bursts burst_usec")
        cpu.number(8, bursts[0])
        cpu.number(9, bursts[1])
        return cpu
    }

    private static func memory(_ stat: Text?, _ read: (Text) -> Text?) -> ProtobufWriter {
        var memory = fields(
            stat,
            """
            anon file kernel_stack slab sock shmem file_mapped file_dirty file_writeback anon_thp inactive_anon \
            active_anon inactive_file active_file unevictable slab_reclaimable slab_unreclaimable pgfault \
            pgmajfault workingset_refault workingset_activate workingset_nodereclaim pgrefill pgscan pgsteal \
            pgactivate pgdeactivate pglazyfree pglazyfreed thp_fault_alloc thp_collapse_alloc
            """)
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
