import Foundation
import SwctrCore
import SwctrProto
import SwctrTestSupport
import SwctrWire
import SwiftProtobuf
import Testing

extension Integration {
    /// `k8s-file://`, which no other shim has.
    @Suite("Shim: logs that it writes")
    struct ShimLogTests {
        @Test(
            "both streams go into one file, each in order, behind what is there", arguments: [ShimFlavor.runc, .crun])
        func both(_ flavor: ShimFlavor) throws {
            let script = """
                i=0; while [ $i -lt 500 ]; do echo out $i; echo err $i >&2; i=$((i+1)); done; printf half
                """
            try ShimFixture.with(flavor, ["sh", "-c", script]) { shim in
                let log = shim.workspace.file("logs/deep/a.log")
                try shim.create(.init(output: "k8s-file://" + log))
                try shim.startTask()
                #expect(try shim.wait() == 0)
                try shim.delete()
                let first = try CRILog(log)
                let numbers = 0..<500
                #expect(first.text(of: "stdout") == numbers.map { "out \($0)\n" }.joined() + "half")
                #expect(first.text(of: "stderr") == numbers.map { "err \($0)\n" }.joined())
                #expect(first.lines.map(\.time) == first.lines.map(\.time).sorted())
                let attributes = try FileManager.default.attributesOfItem(atPath: log)
                #expect(attributes[.posixPermissions] as? Int == 0o640)

                try shim.create(.init(output: "k8s-file://" + log))
                try shim.startTask()
                #expect(try shim.wait() == 0)
                try shim.delete()
                #expect(try CRILog(log).lines.count == 2 * first.lines.count)
            }
        }

        @Test("any bytes come out of the log as they went in", arguments: [ShimFlavor.runc])
        func bytes(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, ["cat", "/tmp/data"]) { shim in
                var random = SystemRandomNumberGenerator()
                var data: [UInt8] = []
                while data.count < 3 << 20 {
                    // Lines of all lengths, some of them far beyond every buffer.
                    let length = Int.random(in: 0...(Bool.random(using: &random) ? 200 : 200_000), using: &random)
                    data += (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) } + [10]
                }
                data.removeLast()
                #expect(
                    FileManager.default.createFile(
                        atPath: shim.workspace.file("rootfs/tmp/data"), contents: Data(data)))
                let log = shim.workspace.file("a.log")
                try shim.create(.init(output: "k8s-file://\(log)?max-size=100k&max-files=1000"))
                try shim.startTask()
                #expect(try shim.wait() == 0)
                try shim.delete()
                let files = try Self.rotated(log, in: shim.workspace.path)
                #expect(files.count > 30)
                let read = try CRILog(files)
                #expect(read.bytes(of: "stdout") == data)
                #expect(read.lines.allSatisfy { $0.text.count <= 16_384 })
                for file in files { #expect(try Self.size(file) <= 100 << 10) }
            }
        }

        @Test("of a rotated log the newest lines stay, without a gap", arguments: [ShimFlavor.runc, .crun])
        func rotation(_ flavor: ShimFlavor) throws {
            let script = "i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done"
            try ShimFixture.with(flavor, ["sh", "-c", script]) { shim in
                let log = shim.workspace.file("a.log")
                try shim.create(.init(output: "k8s-file://\(log)?max-size=8KiB&max-files=3"))
                try shim.startTask()
                #expect(try shim.wait() == 0)
                try shim.delete()
                let files = try Self.rotated(log, in: shim.workspace.path)
                #expect(files == [log + ".2", log + ".1", log])
                for file in files.dropLast() {
                    // Full but for the line that would not have fitted.
                    let size = try Self.size(file)
                    #expect(size <= 8192 && size > 8192 - 60)
                }
                let text = try CRILog(files).text(of: "stdout")
                let count = text.split(separator: "\n").count
                #expect(text == ((3000 - count)..<3000).map { "line \($0)\n" }.joined())
            }
        }

        @Test("with one file, the log begins anew when it is full", arguments: [ShimFlavor.runc])
        func singleFile(_ flavor: ShimFlavor) throws {
            let script = "i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done"
            try ShimFixture.with(flavor, ["sh", "-c", script]) { shim in
                let log = shim.workspace.file("a.log")
                try shim.create(.init(output: "k8s-file://\(log)?max-size=8KiB&max-files=1"))
                try shim.startTask()
                #expect(try shim.wait() == 0)
                try shim.delete()
                #expect(try Self.rotated(log, in: shim.workspace.path) == [log])
                #expect(try CRILog(log).text(of: "stdout").hasSuffix("line 2998\nline 2999\n"))
                #expect(try Self.size(log) <= 8192)
            }
        }

        @Test(
            "SIGHUP reopens the file, as logrotate wants it, and no line is lost", arguments: [ShimFlavor.runc, .crun])
        func reopened(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, ["cat"]) { shim in
                let log = shim.workspace.file("logs/a.log")
                try Host.makeFolder(shim.workspace.file("logs"))
                let input = shim.fifo("in")
                try shim.create(.init(input: input, output: "k8s-file://" + log))
                try shim.startTask()
                let follower = try Child(["tail", "-n", "+1", "-F", log])
                func type(_ word: String) throws { try must(["sh", "-c", "echo \(word) > \(input)"]) }
                func say(_ word: String) throws {
                    try type(word)
                    try follower.expect("stdout F \(word)\n")
                }
                func reopen() throws {
                    try shim.signal(SIGHUP)
                }
                try say("one")
                #expect(rename(log, log + ".old") == 0)
                // The name does not matter to a file that is open.
                try type("two")
                try Child(["tail", "-n", "+1", "-f", log + ".old"]).expect("stdout F two\n")
                try reopen()
                try say("three")
                // Somebody else's copytruncate, and a file that is gone with its folder.
                #expect(truncate(log, 0) == 0)
                try say("four")
                #expect(try CRILog(log).text(of: "stdout") == "four\n")
                try FileManager.default.removeItem(atPath: shim.workspace.file("logs"))
                try reopen()
                try type("five")
                try shim.closeInput()
                #expect(try shim.wait() == 0)
                try shim.delete()
                #expect(try CRILog(log).text(of: "stdout") == "five\n")
            }
        }

        @Test("SIGUSR1 has the shim say what it does, SIGUSR2 nothing", arguments: [ShimFlavor.runc])
        func signals(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                let log = shim.workspace.file("a.log")
                let pid = try shim.create(.init(output: "k8s-file://" + log))
                try shim.startTask()
                _ = shim.takeLog()
                try shim.signal(SIGUSR2)
                #expect(shim.takeLog() == "")
                try shim.signal(SIGUSR1)
                let report = shim.takeLog()
                #expect(report.contains("container a: running, pid \(pid)"), "\(report)")
                #expect(report.contains("log \(log): 0 lines dropped"), "\(report)")
            }
        }

        @Test("a full disk loses lines, counted and whole, and never stops the container", arguments: [ShimFlavor.runc])
        func fullDisk(_ flavor: ShimFlavor) throws {
            let script = """
                i=0; while [ $i -lt 3000 ]; do echo line number $i; i=$((i+1)); done
                echo full >&2; read word; echo $word; echo end >&2; read word
                """
            try ShimFixture.with(flavor, ["sh", "-c", script]) { shim in
                let disk = shim.workspace.file("disk")
                try Host.makeFolder(disk)
                try must(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk])
                shim.workspace.atEnd { umount2(disk, Int32(MNT_DETACH)) }
                let log = disk + "/a.log"
                let errors = try shim.reader("err")
                let input = shim.fifo("in")
                try shim.create(.init(input: input, output: "k8s-file://" + log, error: shim.fifo("err")))
                try shim.startTask()
                try errors.expect("full\n")
                let full = try CRILog(log)
                #expect(full.text(of: "stdout") == (0..<full.lines.count).map { "line number \($0)\n" }.joined())
                #expect(try Self.size(log) <= 64 << 10)

                // Once there is room again, lines arrive again.
                #expect(truncate(log, 0) == 0)
                try must(["sh", "-c", "echo after > \(input)"])
                try errors.expect("end\n")
                try shim.closeInput()
                #expect(try shim.wait() == 1)
                try shim.delete()
                #expect(try CRILog(log).text(of: "stdout") == "after\n")
                let notes = shim.takeLog()
                #expect(notes.contains("log \(log) drops lines: write: no space left on device"), "\(notes)")
                let dropped = notes.matches(of: /: (\d+) lines were dropped/).compactMap { Int($0.1) }
                #expect(dropped.reduce(0, +) == 3000 - full.lines.count, "\(notes)")
            }
        }

        @Test("a log that cannot be rotated goes on in its file", arguments: [ShimFlavor.runc])
        func immovable(_ flavor: ShimFlavor) throws {
            let script = "i=0; while [ $i -lt 1000 ]; do echo line $i; i=$((i+1)); done"
            try ShimFixture.with(flavor, ["sh", "-c", script]) { shim in
                let log = shim.workspace.file("a.log")
                try Host.makeFolder(log + ".1/occupied")
                try shim.create(.init(output: "k8s-file://\(log)?max-size=4KiB&max-files=2"))
                try shim.startTask()
                #expect(try shim.wait() == 0)
                try shim.delete()
                #expect(try CRILog(log).text(of: "stdout") == (0..<1000).map { "line \($0)\n" }.joined())
                #expect(shim.takeLog().contains("log \(log) is not rotated: rename \(log): is a directory"))
            }
        }

        @Test("half a line of a writer that was killed does not spoil the next one", arguments: [ShimFlavor.runc])
        func tornLine(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, ["echo", "hello"]) { shim in
                let log = shim.workspace.file("a.log")
                let torn = "2026-01-02T03:04:05.000000006Z stdout F to"
                try Host.write(torn, to: log)
                try shim.create(.init(output: "k8s-file://" + log))
                try shim.startTask()
                #expect(try shim.wait() == 0)
                try shim.delete()
                #expect(try Host.read(log).hasPrefix(torn + "\n"))
                #expect(try CRILog(log).text(of: "stdout") == "to\nhello\n")
            }
        }

        @Test("a terminal is logged as stdout", arguments: [ShimFlavor.runc, .crun])
        func terminal(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, ["sh", "-c", "test -t 1 && echo out; echo err >&2"], terminal: true) { shim in
                let log = shim.workspace.file("a.log")
                try shim.create(.init(output: "k8s-file://" + log, terminal: true))
                try shim.startTask()
                #expect(try shim.wait() == 0)
                try shim.delete()
                let read = try CRILog(log)
                #expect(read.text(of: "stdout") == "out\r\nerr\r\n")
                #expect(read.text(of: "stderr") == "")
            }
        }

        @Test("an exec may share its container's log, with the same limits", arguments: [ShimFlavor.runc, .crun])
        func shared(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, ["sh", "-c", "echo init; sleep 1000"]) { shim in
                let address = "k8s-file://" + shim.workspace.file("a.log") + "?max-size=1M"
                try shim.create(.init(output: address))
                try shim.startTask()
                try shim.exec("e", "echo", "exec", addresses: .init(output: address))
                #expect(try shim.wait("e") == 0)
                try shim.delete("e")
                try shim.send("Exec", shim.execRequest("f", ["true"], .init(output: address + "&max-files=2")))
                let refusal = try #require(try shim.refusal("Start", shim.startRequest("a", "f")))
                #expect(refusal.code == .invalidArgument)
                #expect(refusal.message.contains("is being written with other limits"))
                try shim.send("Kill", shim.killRequest(SIGKILL))
                #expect(try shim.wait() == 137)
                try shim.delete()
                let log = try CRILog(shim.workspace.file("a.log"))
                #expect(log.text(of: "stdout").split(separator: "\n").sorted() == ["exec", "init"])
            }
        }

        @Test(
            "what is wrong with an address is one clear error, and nothing is made", arguments: [ShimFlavor.runc],
            [
                ("?max-size=ten", "max-size \"ten\" must be a size"), ("?max-files=3", "without max-size"),
                ("?max-size=1M&max-files=0", "must be a number from 1 to"), ("?color=red", "unknown key \"color\""),
            ])
        func refused(_ flavor: ShimFlavor, _ bad: (query: String, message: String)) throws {
            try ShimFixture.with(flavor) { shim in
                let before = Host.names(in: shim.bundle("a"))
                let log = shim.workspace.file("logs/a.log")
                let refusal = try #require(
                    try shim.refusal("Create", shim.request(.init(output: "k8s-file://" + log + bad.query))))
                #expect(refusal.code == .invalidArgument)
                #expect(refusal.message.contains(bad.message), "\(refusal.message)")
                #expect(!Host.exists(shim.workspace.file("logs")))
                #expect(Host.names(in: shim.bundle("a")) == before)
                #expect(try shim.refusal("State", shim.stateRequest())?.code == .notFound)
                // The id is free for a better attempt.
                try shim.create(.init(output: "k8s-file://" + log))
                try shim.delete()
            }
        }

        @Test("only a plain file can be a log", arguments: [ShimFlavor.runc])
        func notAFile(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                for path in [shim.fifo("pipe"), shim.workspace.file("rootfs"), "/dev/null"] {
                    let refusal = try shim.refusal("Create", shim.request(.init(output: "k8s-file://" + path)))
                    #expect(try #require(refusal).message.hasPrefix("failed to open log file: open \(path)"))
                }
            }
        }

        /// The files of a log, the oldest first.
        private static func rotated(_ log: String, in folder: String) throws -> [String] {
            let name = String(log.dropFirst(folder.count + 1))
            let numbers = Host.names(in: folder).compactMap { file in
                file.hasPrefix(name + ".") ? Int(file.dropFirst(name.count + 1)) : nil
            }
            #expect(numbers.sorted() == Array(1..<(numbers.count + 1)))
            return numbers.sorted(by: >).map { "\(log).\($0)" } + [log]
        }

        private static func size(_ path: String) throws -> Int {
            try #require(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
        }
    }
}
