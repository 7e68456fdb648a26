import Foundation
import Glibc
import SwctrCore
import SwctrProto
import SwctrTestSupport
import SwctrWire
import SwiftProtobuf
import Testing

extension Integration {
    @Suite("Shim: what it tells an operator")
    struct ShimReportTests {
        @Test("the log goes to the FIFO of the bundle, and a daemon that does not read it blocks nothing")
        func log() throws {
            try ShimFixture.with(.runc) { shim in
                // Every refused event is a line; with these few are more than a pipe holds.
                shim.events.turn(.refusing(String(repeating: "x", count: 4096)))
                try shim.create()
                for number in 0..<40 { try shim.send("Exec", shim.execRequest("e\(number)", ["true"])) }
                try shim.events.awaitAttempts(41)
                #expect(try shim.state().status == .created)
                let reader = try Child(["cat", shim.bundle("a") + "/log"])
                try reader.expect("event refused: xxx")
                let text = reader.text
                #expect(text.hasPrefix("level=warning msg=\"event refused: "), "\(text.prefix(100))")
                reader.signal(SIGKILL)
                _ = try reader.wait()
            }
        }

        @Test("the log outlives the daemon that read it")
        func logAfterDaemon() throws {
            try ShimFixture.with(.runc) { shim in
                shim.events.turn(.refusing("first"))
                try shim.create()
                try shim.events.awaitAttempts(1)
                // Nobody has it open any more: writing is an EPIPE, then there is nothing to open.
                shim.releaseLog()
                shim.events.turn(.refusing("second"))
                try shim.startTask()
                try shim.send("Exec", shim.execRequest("e", ["true"]))
                try shim.events.awaitAttempts(3)
                // Open before the next line, whenever the reader is scheduled.
                let holder = open(shim.bundle("a") + "/log", O_RDONLY | O_NONBLOCK | O_CLOEXEC)
                defer { close(holder) }
                let reader = try Child(["cat", shim.bundle("a") + "/log"])
                shim.events.turn(.refusing("third"))
                try shim.send("Exec", shim.execRequest("f", ["true"]))
                try reader.expect("third")
                #expect(try shim.state().status == .running)
                reader.signal(SIGKILL)
                _ = try reader.wait()
            }
        }

        @Test("with -debug the log tells every command of the runtime")
        func debugLog() throws {
            try ShimFixture.with(.runc, before: { $0.flags = ["-debug"] }) { shim in
                let reader = try Child(["cat", shim.bundle("a") + "/log"])
                try shim.create()
                try shim.startTask()
                try reader.expect("level=debug")
                try reader.expect("start a")
                reader.signal(SIGKILL)
                _ = try reader.wait()
            }
        }

        @Test("SIGUSR1 and the debug socket tell what the shim holds")
        func report() throws {
            try ShimFixture.with(
                .runc, before: { $0.flags = ["-debug-socket", $0.workspace.file("debug")] }
            ) { shim in
                try shim.create()
                let pid = try shim.startTask()
                try shim.exec("e", "sleep", "1000")
                let socket = shim.workspace.file("debug")
                let mode = try FileManager.default.attributesOfItem(atPath: socket)[.posixPermissions] as? Int
                #expect(mode == 0o600)
                let script = """
                    import socket, sys
                    s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
                    print(s.makefile().read())
                    """
                let text = try must(["python3", "-c", script, socket]).text
                #expect(text.contains("container a: running, pid \(pid), bundle \(shim.bundle("a"))"), "\(text)")
                #expect(text.contains("exec e of a: running, pid "), "\(text)")

                let process = try shim.shimPID()
                let reader = try Child(["cat", shim.bundle("a") + "/log"])
                kill(process, SIGUSR1)
                try reader.expect("container a: running")
                reader.signal(SIGKILL)
                _ = try reader.wait()
                try shim.killTask()
                try shim.delete()
                try shim.shutdown()
                try Host.awaitEnd(of: process)
                #expect(!Host.exists(socket))
            }
        }
    }
}
