import Glibc
import Logging
import SwctrLinux
import SwctrService
import Testing

@Suite("Log lines")
struct LogfmtTests {
    func line(_ body: (Logger) -> Void) throws -> String {
        try TemporaryFolder.with { folder in
            let descriptor = open(folder + "/log", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            defer { close(descriptor) }
            var logger = Logger(label: "test") { _ in LogfmtHandler(level: .debug, descriptor: descriptor) }
            logger[metadataKey: "namespace"] = "default"
            body(logger)
            return try TextFile.read(folder + "/log", limit: 1 << 16)
        }
    }

    @Test("time, level, message, then fields by name")
    func fields() throws {
        let line = try line { $0.info("task started", metadata: ["pid": "7", "container.id": "web"]) }
        #expect(line.hasPrefix("time=20"))
        #expect(line.hasSuffix("Z level=info msg=\"task started\" container.id=web namespace=default pid=7\n"))
    }

    @Test("what comes from outside cannot forge a line or a field")
    func escaping() throws {
        let line = try line { $0.error("x", metadata: ["error": "a\nlevel=info msg=\"b\" \u{1B}[0m"]) }
        #expect(line.filter { $0 == "\n" }.count == 1)
        #expect(line.contains(#"error="a\nlevel=info msg=\"b\" \u{1b}[0m""#))
    }

    @Test("lines below the level are not written")
    func level() throws {
        #expect(try line { $0.trace("hidden") } == "")
    }
}
