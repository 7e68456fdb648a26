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
            "memory.events": "low 0\noom 1\noom_kill 2\n",
        ]
        let bytes = CgroupMetrics.v2 { files[$0] }
        #expect(decode(bytes).map(\.field) == [1, 2, 4, 6, 8])
        #expect(number(block(bytes, 1), 2) == .max)
        #expect(number(block(bytes, 2), 8) == 7)
        let pressure = block(block(block(bytes, 2), 7), 1)
        #expect(block(pressure, 1) == [0, 0, 0, 0, 0, 0, 0xf4, 0x3f], "1.25 as a little-endian double")
        #expect(number(pressure, 4) == 17)
        #expect(number(block(bytes, 4), 1) == 4096)
        #expect(number(block(bytes, 4), 31) == 9)
        #expect(number(block(bytes, 4), 32) == 8192)
        #expect(decode(block(block(bytes, 6), 1)).map(\.number) == [8, 16, 1, 2, 3, 4])
        #expect(number(block(bytes, 8), 5) == 2)
    }

    @Test("v1 files land in their fields")
    func separate() {
        let files: [Text: Text] = [
            "pids/pids.current": "3\n", "pids/pids.max": "max\n", "cpuacct/cpuacct.usage": "1000\n",
            "cpuacct/cpuacct.stat": "user 2\nsystem 1\n", "cpuacct/cpuacct.usage_percpu": "400 600 \n",
            "memory/memory.stat": "cache 1\ntotal_unevictable 2\n", "memory/memory.usage_in_bytes": "77\n",
            "memory/memory.memsw.limit_in_bytes": "5\n",
            "blkio/blkio.throttle.io_service_bytes_recursive": "8:0 Read 4096\nTotal 4096\n",
        ]
        let bytes = CgroupMetrics.v1 {
            files["\($0)/\($1)"]
        } device: {
            $0 == "8:0" ? "/dev/sda" : ""
        }
        #expect(decode(bytes).map(\.field) == [2, 3, 4, 5])
        #expect(decode(block(bytes, 2)).map(\.field) == [1], "no limit is left out")
        let times = block(block(bytes, 3), 1)
        #expect(number(times, 2) == 10_000_000)
        #expect(number(times, 3) == 20_000_000)
        #expect(number(block(bytes, 4), 32) == 2)
        #expect(number(block(block(bytes, 4), 33), 2) == 77)
        #expect(block(block(block(bytes, 5), 1), 2) == Array("/dev/sda".utf8))
    }

    @Test("nothing readable gives nothing")
    func absent() {
        #expect(CgroupMetrics.v2 { _ in nil } == [])
        #expect(
            CgroupMetrics.v1 { _, _ in
                nil
            } device: { _ in
                ""
            } == [])
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
