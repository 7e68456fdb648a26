import Foundation
import SwctrCore
import SwctrProto
import SwctrTestSupport
import SwctrWire
import SwiftProtobuf
import Testing

extension Integration {
    @Suite("Shim: where streams go")
    struct ShimAddressTests {
        @Test("streams that nobody wants are /dev/null", arguments: ShimFlavor.quick)
        func nothing(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                let pid = try shim.create()
                try shim.startTask()
                for descriptor in Int32(0)...2 { #expect(shim.target(of: descriptor, in: pid) == "/dev/null") }
            }
        }

        @Test("one output without the other is null IO for that one; stock refuses it", arguments: ShimFlavor.quick)
        func alone(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, ["sh", "-c", "echo out; echo err >&2"]) { shim in
                guard flavor.isOurs else {
                    let reader = try shim.reader("out")
                    defer { reader.signal(SIGKILL) }
                    let refusal = try shim.refusal("Create", shim.createRequest("a", .init(output: "out")))
                    #expect(try #require(refusal).message.contains("opening file \"\" failed"))
                    return
                }
                let reader = try shim.reader("err")
                let pid = try shim.create("a", .init(error: "err"))
                #expect(shim.target(of: 1, in: pid) == "/dev/null")
                try shim.startTask()
                #expect(try shim.wait() == 0)
                #expect(try reader.wait().text == "err\n")
                try shim.delete()
            }
        }

        @Test("a plain file is appended to, and read from", arguments: ShimFlavor.quick)
        func plainFiles(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, ["sh", "-c", "cat; echo err >&2"]) { shim in
                let (input, output) = (shim.workspace.file("in"), shim.workspace.file("out"))
                try Host.write("input\n", to: input)
                try Host.write("before\n", to: output)
                // Stock has a pump for a file too, which only CloseIO ends.
                try shim.create(.init(input: flavor.isOurs ? input : "", output: output))
                try shim.startTask()
                #expect(try shim.wait() == 0)
                try shim.delete()
                let lines = try Host.read(output).split(separator: "\n")
                #expect(lines.first == "before")
                #expect(Set(lines) == (flavor.isOurs ? ["before", "input", "err"] : ["before", "err"]))
            }
        }

        @Test("a path that is not there is an error at once, and the next attempt is free", arguments: ShimFlavor.quick)
        func missingPath(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                let path = shim.workspace.file("missing")
                let refusal = try #require(try shim.refusal("Create", shim.request(.init(output: path))))
                #expect(refusal.message.contains("opening file \"\(path)\" failed"))
                // Stock leaves the runtime's container behind.
                if flavor.isOurs { try shim.create() }
            }
        }

        @Test("an unknown scheme is named, at Create and at an exec's Start", arguments: ShimFlavor.quick)
        func unknownScheme(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                let bad = ShimFixture.Addresses(output: "carrier-pigeon:///coop")
                let refusal = try #require(try shim.refusal("Create", shim.request(bad)))
                #expect(refusal.code == .unknown)
                #expect(refusal.message.hasSuffix("unknown STDIO scheme carrier-pigeon"))
                try shim.create()
                try shim.startTask()
                try shim.send("Exec", shim.execRequest("e", ["true"], bad))
                let start = try #require(try shim.refusal("Start", shim.startRequest("a", "e")))
                #expect(start.message.hasSuffix("unknown STDIO scheme carrier-pigeon"))
                try shim.delete("e")
            }
        }

        @Test(
            "file:// makes folders and file, and each stream's end leaves the other alone", arguments: ShimFlavor.quick,
            [1, 2])
        func file(_ flavor: ShimFlavor, first: Int) throws {
            // Debian's shim closes the file for both when stdout ends.
            if !flavor.isOurs && first == 1 { return }
            let script = "echo first >&\(first); exec \(first)>&-; read word; echo $word >&\(3 - first)"
            try ShimFixture.with(flavor, ["sh", "-c", script]) { shim in
                let log = shim.workspace.file("logs/deep/a.log")
                let input = shim.fifo("in")
                let follower = try Child(["tail", "-n", "+1", "-F", log])
                try shim.create(.init(input: input, output: "file://" + log))
                try shim.startTask()
                try follower.expect("first\n")
                try must(["sh", "-c", "echo second > \(input)"])
                #expect(try shim.wait() == 0)
                try shim.delete()
                #expect(try Host.read(log) == "first\nsecond\n")
                let mode = try FileManager.default.attributesOfItem(atPath: log)[.posixPermissions] as? Int
                #expect(mode == 0o644)
            }
        }

        @Test("two file:// addresses are two files; stock takes stdout's for both", arguments: ShimFlavor.quick)
        func twoFiles(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, ["sh", "-c", "echo out; echo err >&2"]) { shim in
                let (out, err) = (shim.workspace.file("out.log"), shim.workspace.file("err.log"))
                try shim.create(.init(output: "file://" + out, error: "file://" + err))
                try shim.startTask()
                #expect(try shim.wait() == 0)
                try shim.delete()
                if flavor.isOurs {
                    #expect(try Host.read(out) == "out\n")
                    #expect(try Host.read(err) == "err\n")
                } else {
                    // Its file is closed when stdout ends, which may be before stderr's line.
                    #expect(try Host.read(out).split(separator: "\n").contains("out"))
                    #expect(!Host.exists(err))
                }
            }
        }

        @Test("a terminal's output goes into a file; stock takes the address for a path", arguments: ShimFlavor.quick)
        func terminalFile(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor, ["sh", "-c", "test -t 1 && echo out"], terminal: true) { shim in
                let log = shim.workspace.file("a.log")
                let addresses = ShimFixture.Addresses(output: "file://" + log, terminal: true)
                guard flavor.isOurs else {
                    let refusal = try shim.refusal("Create", shim.request(addresses))
                    #expect(try #require(refusal).message.contains("failed to start console copy: stat file://"))
                    return
                }
                try shim.create(addresses)
                try shim.startTask()
                #expect(try shim.wait() == 0)
                try shim.delete()
                #expect(try Host.read(log) == "out\r\n")
            }
        }

        @Test("what cannot be read from is refused", arguments: ShimFlavor.ours)
        func badInput(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                let refusal = try shim.refusal("Create", shim.request(.init(input: "file:///etc/passwd")))
                #expect(try #require(refusal).code == .invalidArgument)
            }
        }

        /// crun gives them to the process's user and group.
        @Test("the pipes belong to the group of the options", arguments: [ShimFlavor.runc, .stock])
        func owner(_ flavor: ShimFlavor) throws {
            try ShimFixture.with(flavor) { shim in
                var options = Containerd_Runc_V1_Options()
                options.binaryName = flavor.runtime
                options.ioGid = 4321
                var request = shim.createRequest("a", .init(input: "in", output: "out", error: "err"))
                request.options = ShimFlavor.any("containerd.runc.v1.Options", try options.serializedBytes())
                let readers = try [shim.reader("out"), shim.reader("err")]
                let created: Containerd_Task_V2_CreateTaskResponse = try shim.call("Create", request)
                for descriptor in 0...2 {
                    var status = stat()
                    #expect(stat("/proc/\(created.pid)/fd/\(descriptor)", &status) == 0)
                    #expect(status.st_gid == 4321)
                }
                try shim.startTask()
                try shim.send("Kill", shim.killRequest(SIGKILL))
                _ = try shim.wait()
                for reader in readers { _ = try reader.wait() }
            }
        }
    }
}
