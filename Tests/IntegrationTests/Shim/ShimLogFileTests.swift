import Foundation
import Glibc
import SwctrCore
import SwctrProto
import SwctrTestSupport
import SwctrWire
import SwiftProtobuf
import Testing

extension Integration {
    @Suite("Shim: log files that somebody else has to do with")
    struct ShimLogFileTests {
        private static let lines = "i=0; while [ $i -lt 300 ]; do echo line $i; i=$((i+1)); done"

        @Test(
            "where the log itself cannot be moved the older ones stay, and no line is lost",
            arguments: [ShimFlavor.runc])
        func immovable(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, ["sh", "-c", Self.lines]) { shim in
                let log = shim.workspace.file("a.log")
                for name in [log, log + ".1", log + ".2"] { try Host.write("", to: name) }
                try Host.write("old\n", to: log + ".1")
                try Host.write("older\n", to: log + ".2")
                try must(["mount", "--bind", log, log])
                shim.workspace.atEnd { umount2(log, Int32(MNT_DETACH)) }
                try Self.run(shim, "k8s-file://\(log)?max-size=1KiB&max-files=4")
                #expect(try Self.texts(log) == (0..<300).map { "line \($0)" })
                #expect(try Host.read(log + ".1") == "old\n")
                #expect(try Host.read(log + ".2") == "older\n")
            }
        }

        @Test("a rotation that was cut off in the middle is completed by the next one", arguments: [ShimFlavor.runc])
        func cutOff(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, ["sh", "-c", Self.lines]) { shim in
                let log = shim.workspace.file("a.log")
                let time = "2026-01-02T03:04:05.000000006Z stdout F "
                try Host.write(time + "older\n", to: log + ".1")
                try Host.write(time + "old\n", to: log + ".0")
                try Self.run(shim, "k8s-file://\(log)?max-size=4KiB&max-files=50")
                let names = (1..<50).reversed().map { "\(log).\($0)" }.filter { Host.exists($0) } + [log]
                #expect(names.count > 3)
                #expect(try names.flatMap { try Self.texts($0) } == ["older", "old"] + (0..<300).map { "line \($0)" })
                #expect(!Host.exists(log + ".0"))
            }
        }

        @Test("two names of one file are one log, with one limit", arguments: [ShimFlavor.runc])
        func twoNames(_ flavor: ShimFlavor) throws {
            let script = "i=0; while [ $i -lt 300 ]; do echo out $i; echo err $i >&2; i=$((i+1)); done"
            try ShimFixture.with(flavor, ["sh", "-c", script]) { shim in
                let log = shim.workspace.file("logs/a.log")
                try Host.makeFolder(shim.workspace.file("logs"))
                symlink("logs", shim.workspace.file("link"))
                let other = shim.workspace.file("link//a.log")
                var request = shim.createRequest()
                request.stdout = "k8s-file://\(log)?max-size=4KiB&max-files=50"
                request.stderr = "k8s-file://\(other)?max-size=8KiB&max-files=50"
                let refused = try #require(try shim.refusal("Create", request))
                #expect(refused.code == .invalidArgument)
                #expect(refused.message.contains("is being written with other limits"), "\(refused.message)")
                try Self.run(
                    shim, "k8s-file://\(log)?max-size=4KiB&max-files=50",
                    "k8s-file://\(other)?max-size=4KiB&max-files=50")
                let names = (1..<50).reversed().map { "\(log).\($0)" }.filter { Host.exists($0) } + [log]
                let texts = try names.flatMap { try Self.texts($0) }
                for stream in ["out", "err"] {
                    #expect(texts.filter { $0.hasPrefix(stream) } == (0..<300).map { "\(stream) \($0)" })
                }
            }
        }

        @Test("a small portion of many short lines does not keep memory", arguments: [ShimFlavor.runc])
        func memory(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, ["cat", "/tmp/lines"]) { shim in
                try Host.write(String(repeating: "\n", count: 4096), to: shim.workspace.file("rootfs/tmp/lines"))
                let log = shim.workspace.file("a.log")
                var request = shim.createRequest()
                request.stdout = "k8s-file://" + log
                request.stderr = request.stdout
                try shim.send("Create", request)
                let process = try shim.shimPID()
                let before = try Self.privateDirty(process)
                try shim.startTask()
                #expect(try shim.wait() == 0)
                try shim.delete()
                #expect(try Self.texts(log).count == 4096)
                // A page of each part may stay, and what the calls above took; what the lines took was 64.
                #expect(try Self.privateDirty(process) - before < 32)
            }
        }

        private static func run(_ shim: ShimFixture, _ output: String, _ error: String? = nil) throws {
            var request = shim.createRequest()
            request.stdout = output
            request.stderr = error ?? output
            try shim.send("Create", request)
            try shim.startTask()
            #expect(try shim.wait() == 0)
            try shim.delete()
        }

        /// What the lines of a log say.
        private static func texts(_ path: String) throws -> [String] {
            try Host.read(path).split(separator: "\n").map { line in
                String(line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false).last ?? "")
            }
        }

        /// In KiB.
        private static func privateDirty(_ process: pid_t) throws -> Int {
            let line = try Host.read("/proc/\(process)/smaps_rollup").split(separator: "\n").first {
                $0.hasPrefix("Private_Dirty:")
            }
            return try #require(line?.split(separator: " ").dropFirst().first.flatMap { Int($0) })
        }
    }
}
