import Testing

@testable import ShimCore

@Suite("Cgroup metrics")
struct CgroupMetricsTests {
    /// Fields of a message, for looking into what was written.
    private func decode(_ bytes: [UInt8]) -> [(field: Int, number: UInt64, block: [UInt8])] {
        var result: [(Int, UInt64, [UInt8])] = []
        var position = 0
        func varint() -> UInt64 {
            var value: UInt64 = 0
            var shift: UInt64 = 0
            while position < bytes.count {
                let byte = bytes[position]
                position += 1
                value |= UInt64(byte & 0x7f) << shift
                shift += 7
                if byte < 0x80 { break }
            }
            return value
        }
        while position < bytes.count {
            let tag = varint()
            switch tag & 7 {
            case 0: result.append((Int(tag >> 3), varint(), []))
            case 1:
                result.append((Int(tag >> 3), 0, Array(bytes[position..<position + 8])))
                position += 8
            default:
                let length = Int(varint())
                result.append((Int(tag >> 3), 0, Array(bytes[position..<position + length])))
                position += length
            }
        }
        return result
    }

    private func block(_ bytes: [UInt8], _ field: Int) -> [UInt8] {
        decode(bytes).first { $0.field == field }?.block ?? []
    }

    private func number(_ bytes: [UInt8], _ field: Int) -> UInt64 {
        decode(bytes).first { $0.field == field }?.number ?? 0
    }

    @Test("no limit is the largest number on v2 and zero for v1's pids")
    func unlimited() {
        #expect(CgroupMetrics.number("max\n") == .max)
        #expect(CgroupMetrics.number("max\n", unlimited: 0) == 0)
        #expect(CgroupMetrics.number("99999999999999999999999") == .max)
        #expect(CgroupMetrics.number("x") == 0)
        #expect(CgroupMetrics.number(nil) == 0)
    }

    @Test("v2 files land in their fields")
    func unified() {
        let files: [Text: Text] = [
            "pids.current": "3\n", "pids.max": "max\n",
            "cpu.stat": "usage_usec 10\nuser_usec 4\nsystem_usec 6\nnr_periods 1\nnr_bursts 7\n",
            "cpu.pressure": "some avg10=1.25 avg60=0.00 avg300=0.00 total=17\n",
            "memory.stat": "anon 4096\nthp_collapse_alloc 9\nsomething_new 5\n", "memory.current": "8192\n",
            "memory.max": "max\n", "io.stat": "8:16 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0\n",
            "memory.events": "low 0\noom 1\noom_kill 2\noom_group_kill 3\n",
            "rdma.current": "mlx4_0 hca_handle=2 hca_object=2000\nocrdma1 hca_handle=3 hca_object=max\n",
            "rdma.max": "\n", "hugetlb.1GB.current": "5\n", "hugetlb.1GB.max": "max\n",
            "hugetlb.1GB.events": "max 7\n", "memory.peak": "9000\n", "memory.swap.current": "1\n",
            "memory.swap.max": "2\n", "memory.swap.peak": "3\n", "io.pressure": "full avg10=0.10 total=4\n",
        ]
        let bytes = CgroupMetrics.v2 { files[$0] }
        #expect(decode(bytes).map(\.field) == [1, 2, 4, 5, 6, 7, 8])
        #expect(number(block(bytes, 1), 2) == .max)
        #expect(number(block(bytes, 2), 8) == 7)
        let pressure = block(block(block(bytes, 2), 7), 1)
        #expect(block(pressure, 1) == [0, 0, 0, 0, 0, 0, 0xf4, 0x3f], "1.25 as a little-endian double")
        #expect(number(pressure, 4) == 17)
        #expect(number(block(bytes, 4), 1) == 4096)
        #expect(number(block(bytes, 4), 31) == 9)
        #expect(number(block(bytes, 4), 32) == 8192)
        #expect(decode(block(block(bytes, 6), 1)).map(\.number) == [8, 16, 1, 2, 3, 4])
        #expect(decode(block(bytes, 8)).map(\.field) == [4, 5, 6])
        #expect(decode(block(bytes, 8)).map(\.number) == [1, 2, 3])
        #expect((33...37).map { number(block(bytes, 4), $0) } == [.max, 1, 2, 9000, 3])
        let rdma = decode(block(bytes, 5))
        #expect(rdma.map(\.field) == [1, 1], "what has no limit line has none")
        #expect(block(rdma[0].block, 1) == Array("mlx4_0".utf8))
        #expect([2, 3].map { number(rdma[0].block, $0) } == [2, 2000])
        #expect(number(rdma[1].block, 3) == UInt64(UInt32.max))
        let pages = block(bytes, 7)
        #expect(block(pages, 3) == Array("1GB".utf8))
        #expect([1, 2, 4].map { number(pages, $0) } == [5, .max, 7])
        #expect(number(block(block(block(bytes, 6), 2), 2), 4) == 4)
    }

    @Test("every number of memory.stat has a field of its own")
    func memoryFields() {
        let names = [
            "anon", "file", "kernel_stack", "slab", "sock", "shmem", "file_mapped", "file_dirty", "file_writeback",
            "anon_thp", "inactive_anon", "active_anon", "inactive_file", "active_file", "unevictable",
            "slab_reclaimable", "slab_unreclaimable", "pgfault", "pgmajfault", "workingset_refault",
            "workingset_activate", "workingset_nodereclaim", "pgrefill", "pgscan", "pgsteal", "pgactivate",
            "pgdeactivate", "pglazyfree", "pglazyfreed", "thp_fault_alloc", "thp_collapse_alloc",
        ]
        let lines = names.enumerated().map { "\($1) \(100 + $0)\n" }.joined()
        let bytes = CgroupMetrics.v2 { $0 == "memory.stat" ? Text(lines.utf8) : nil }
        #expect((1...31).map { number(block(bytes, 4), $0) } == (100...130).map { UInt64($0) })
    }

    @Test("v1 files land in their fields")
    func separate() {
        let files: [Text: Text] = [
            "pids/pids.current": "3\n", "pids/pids.max": "max\n", "cpuacct/cpuacct.usage": "1000\n",
            "cpuacct/cpuacct.stat": "user 2\nsystem 1\n", "cpuacct/cpuacct.usage_percpu": "400 600 \n",
            "memory/memory.stat": "cache 1\ntotal_unevictable 2\n", "memory/memory.usage_in_bytes": "77\n",
            "memory/memory.memsw.limit_in_bytes": "5\n",
            "memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 1\noom_kill 4\n",
            "blkio/blkio.throttle.io_service_bytes_recursive": "8:0 Read 4096\nTotal 4096\n",
        ]
        let bytes = CgroupMetrics.v1 {
            files["\($0)/\($1)"]
        } device: {
            $0 == "8:0" ? "/dev/sda" : ""
        }
        #expect(decode(bytes).map(\.field) == [2, 3, 4, 5, 9])
        #expect([1, 2, 3].map { number(block(bytes, 9), $0) } == [0, 1, 4])
        #expect(decode(block(bytes, 2)).map(\.field) == [1], "no limit is left out")
        let times = block(block(bytes, 3), 1)
        #expect(number(times, 2) == 10_000_000)
        #expect(number(times, 3) == 20_000_000)
        #expect(number(block(bytes, 4), 32) == 2)
        #expect(number(block(block(bytes, 4), 33), 2) == 77)
        #expect(block(block(block(bytes, 5), 1), 2) == Array("/dev/sda".utf8))
    }

    @Test("the old scheduler's counts go before those of the throttling layer")
    func schedulers() {
        var files: [Text: Text] = [
            "blkio.throttle.io_serviced": "8:0 Read 3\nTotal 3\n",
            "blkio.throttle.io_serviced_recursive": "8:0 Read 4\nTotal 4\n", "blkio.time_recursive": "",
        ]
        func blkio() -> [UInt8] {
            block(
                CgroupMetrics.v1 { _, file in
                    files[file]
                } device: { _ in
                    ""
                }, 5)
        }
        #expect(decode(blkio()).map(\.field) == [2])
        #expect(number(block(blkio(), 2), 5) == 4)
        files["blkio.throttle.io_serviced_recursive"] = nil
        #expect(number(block(blkio(), 2), 5) == 3)
        for (index, name) in (["queued", "service_time", "wait_time", "merged"] as [Text]).enumerated() {
            files["blkio.io_\(name)_recursive"] = "8:0 Read \(10 + index)\n"
        }
        files["blkio.time_recursive"] = "8:0 77\n"
        files["blkio.sectors_recursive"] = "8:0 88\nTotal 88\n"
        #expect(decode(blkio()).map(\.field) == [3, 4, 5, 6, 7, 8])
        #expect((3...8).map { number(block(blkio(), $0), 5) } == [10, 11, 12, 13, 77, 88])
    }

    @Test("what a host does not count is zero, and still there for clients that look without asking")
    func absent() {
        let unified = CgroupMetrics.v2 { _ in nil }
        #expect(decode(unified).map(\.field) == [1, 2, 4, 5, 6])
        #expect(decode(unified).allSatisfy { $0.block.isEmpty })
        let separate = CgroupMetrics.v1 { _, _ in
            nil
        } device: { _ in
            ""
        }
        #expect(decode(separate).map(\.field) == [3, 5])
    }

    @Test("paths are found by controller, a root is not a container's")
    func paths() {
        let path = CgroupPath("12:cpu,cpuacct:/a\n3:pids:/b:c/d\n2:name=systemd:/x\n1:memory:/\n0::/u\n")
        #expect(path.path(controller: "cpuacct") == "/a")
        #expect(path.path(controller: "pids") == "/b:c/d")
        #expect(path.path(controller: "memory") == nil)
        #expect(path.path(controller: "blkio") == nil)
        #expect(path.unified == "/u")
        #expect(CgroupPath("").unified == nil)
    }
}
