import Glibc
import SwctrCore
import SwctrLinux
import Testing

@Suite("Process search")
struct ProcessSearchTests {
    @Test("finds and kills processes by their working directory")
    func byDirectory() throws {
        var template = Array("/tmp/swctr-search-XXXXXX".utf8CString)
        let made = try #require(template.withUnsafeMutableBufferPointer { $0.baseAddress.flatMap { mkdtemp($0) } })
        let directory = String(cString: made)
        defer { rmdir(directory) }
        #expect(ProcessSearch.pids(inDirectory: directory).isEmpty)
        let start = Subprocess(
            path: "/bin/sh", arguments: ["-c", "sleep 60 & sleep 60 &"], environment: [], directory: directory)
        #expect(try start.run(timeout: .seconds(10)).status.code == 0)
        #expect(try ProcessSearch.killAll(inDirectory: directory, timeout: .seconds(5)) == 2)
        #expect(ProcessSearch.pids(inDirectory: directory).isEmpty)
    }
}
