import CSwctrLinux
import Foundation
import Glibc
import SwctrCore
import SwctrSnapshots
import SwctrTestSupport
import Testing

@Suite("Unpacking a layer", .enabled(if: geteuid() == 0, "owners, devices and trusted attributes need root"))
struct LayerApplierTests {
    private func target(_ space: SnapshotSpace, _ deletions: LayerTarget.Deletions = .whiteouts) throws -> LayerTarget {
        LayerTarget(path: try space.folder("fs"), lowers: [], deletions: deletions)
    }

    @Test("owners, modes, times, links, devices, attributes and holes are kept")
    func fidelity() throws {
        try SnapshotSpace.with { space in
            let target = try target(space)
            let capability: [UInt8] = [1, 0, 0, 2, 0, 0x20, 0, 0] + [UInt8](repeating: 0, count: 12)
            let archive = TarBuilder.archive { tar in
                tar.directory("./", mode: 0o750, uid: 5, gid: 6)
                tar.directory("d/", mode: 0o1777, uid: 1000, gid: 1000)
                tar.file("d/setuid", "#!", mode: 0o6755, uid: 1000, gid: 50)
                tar.hardLink("d/hard", "d/setuid")
                tar.symbolicLink("d/link", "/nowhere/at all")
                tar.raw("null", type: "3", mode: 0o666, major: 1, minor: 3)
                tar.raw("block", type: "4", mode: 0o660, gid: 6, major: 7, minor: 300)
                tar.raw("fifo", type: "6", mode: 0o622)
                tar.pax([
                    ("SCHILY.xattr.security.capability", capability), ("SCHILY.xattr.user.note", [0, 1, 2]),
                    ("SCHILY.xattr.trusted.overlay.opaque", [121]),
                ])
                tar.file("capable", "x", mode: 0o755, uid: 7)
                tar.pax([
                    ("GNU.sparse.major", [49]), ("GNU.sparse.minor", [48]), ("GNU.sparse.name", Array("hole".utf8)),
                    ("GNU.sparse.realsize", Array("1048576".utf8)),
                ])
                var map = Array("1\n524288\n4096\n".utf8)
                map += [UInt8](repeating: 0, count: 512 - map.count)
                tar.raw("GNUSparseFile.0/hole", data: map + [UInt8](repeating: 83, count: 4096))
            }
            let result = try apply(archive, to: target)
            #expect(result.entries == 10)
            let root = target.path
            #expect(try status(root).st_mode & 0o7777 == 0o750)
            #expect(try status(root).st_uid == 5)
            #expect(try status(root + "/d").st_mtim.tv_sec == Int(TarBuilder.time))
            #expect(
                try describe(root) == [
                    "/block 60660 0:6 device \(swctrDevice(7, 300))", "/capable 100755 7:0 size 1 links 1",
                    "/d 41777 1000:1000 ", "/d/hard 106755 1000:50 size 2 links 2",
                    "/d/link 120777 0:0 -> /nowhere/at all", "/d/setuid 106755 1000:50 size 2 links 2",
                    "/fifo 10622 0:0 ", "/hole 100644 0:0 size 1048576 links 1",
                    "/null 20666 0:0 device \(swctrDevice(1, 3))",
                ])
            var value = [UInt8](repeating: 0, count: 64)
            #expect(swctr_lgetxattr(root + "/capable", "security.capability", &value, 64) == 20)
            #expect(Array(value[..<20]) == capability)
            #expect(swctr_lgetxattr(root + "/capable", "user.note", &value, 64) == 3)
            #expect(swctr_lgetxattr(root + "/capable", "trusted.overlay.opaque", &value, 64) < 0)
            #expect(try status(root + "/hole").st_blocks * 512 < 100_000)
            #expect(try status(root + "/capable").st_mtim.tv_sec == Int(TarBuilder.time))
        }
    }

    private func swctrDevice(_ major: UInt64, _ minor: UInt64) -> UInt64 {
        (minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)
    }

    @Test(
        "later entries replace earlier ones, whatever they are", arguments: [LayerTarget.Deletions.whiteouts, .removal])
    func replacement(deletions: LayerTarget.Deletions) throws {
        try SnapshotSpace.with { space in
            let target = try target(space, deletions)
            try apply(
                TarBuilder.archive { tar in
                    tar.file("a", "file")
                    tar.directory("a")
                    tar.file("a/inner", "1")
                    tar.directory("b")
                    tar.file("b/inner", "2")
                    tar.file("b", "now a file")
                    tar.symbolicLink("c", "a")
                    tar.directory("c")
                    tar.file("d", "one")
                    tar.hardLink("e", "d")
                    tar.file("e", "two")
                    tar.hardLink("d", "d")
                }, to: target)
            #expect(
                try describe(target.path).map { $0.split(separator: " ")[0...1].joined(separator: " ") } == [
                    "/a 40755", "/a/inner 100644", "/b 100644", "/c 40755", "/d 100644", "/e 100644",
                ])
            #expect(try text(target.path + "/d") == "one")
            #expect(try text(target.path + "/e") == "two")
        }
    }

    @Test("gzip and zstd layers are recognised by their bytes", arguments: ["gzip -c", "zstd -q -c", "cat"])
    func compression(tool: String) throws {
        try SnapshotSpace.with { space in
            let target = try target(space)
            let words = tool.split(separator: " ").map(String.init)
            try #require(
                exists("/usr/bin/\(words[0])") || exists("/bin/\(words[0])"), "\(words[0]) is not installed")
            try Data(TarBuilder.archive { $0.file("x", String(repeating: "data", count: 100_000)) })
                .write(to: URL(fileURLWithPath: space.path + "/layer"))
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = words + [space.path + "/layer"]
            let pipe = Pipe()
            process.standardOutput = pipe
            try process.run()
            let compressed = Array(pipe.fileHandleForReading.readDataToEndOfFile())
            process.waitUntilExit()
            try apply(compressed, to: target, step: 777)
            #expect(try status(target.path + "/x").st_size == 400_000)
            if words[0] == "cat" { return }
            let cut = #expect(throws: EngineError.self) { try apply(compressed.dropLast(3) + [], to: target) }
            #expect(cut?.code == .invalidArgument)
            var damaged = compressed
            damaged[damaged.count / 2] ^= 0x55
            #expect(throws: EngineError.self) { try apply(damaged, to: target) }
        }
    }

    @Test("limits stop a bomb")
    func limits() throws {
        try SnapshotSpace.with { space in
            let target = try target(space)
            let many = TarBuilder.archive { tar in for index in 0..<20 { tar.file("f\(index)") } }
            let error = #expect(throws: EngineError.self) {
                try apply(many, to: target, limits: LayerLimits(entries: 10))
            }
            #expect(error?.code == .resourceExhausted)
            let large = TarBuilder.archive { $0.raw("x", data: [UInt8](repeating: 0, count: 100_000)) }
            #expect(throws: EngineError.self) { try apply(large, to: target, limits: LayerLimits(bytes: 50_000)) }
        }
    }

    @Test(
        "ten thousand paths deep and long are as good as any", arguments: [LayerTarget.Deletions.whiteouts, .removal])
    func deep(deletions: LayerTarget.Deletions) throws {
        try SnapshotSpace.with { space in
            let target = try target(space, deletions)
            let path = (0..<1000).map { _ in "d" }.joined(separator: "/")
            try apply(
                TarBuilder.archive { tar in
                    tar.pax([("path", Array((path + "/leaf").utf8))])
                    tar.file("x", "deep")
                }, to: target)
            #expect(try text(target.path + "/" + path + "/leaf") == "deep")
        }
    }

    @Test("a tree made by GNU tar comes out as GNU tar unpacks it", arguments: ["pax", "gnu", "ustar"])
    func gnuTar(format: String) throws {
        try SnapshotSpace.with { space in
            let target = try target(space)
            let script = """
                set -e; cd \(space.path); mkdir -p src/sub/deeper ref; cd src
                echo hello > a; ln a sub/hard; ln -s ../a sub/soft; mkfifo sub/fifo; mknod sub/dev c 1 5
                chmod 4711 a; chown 12:34 sub; chmod 1770 sub/deeper; touch -d '2001-02-03 04:05:06' sub/deeper a
                truncate -s 3M sub/zeros; echo end >> sub/zeros
                : > "$(printf 'n%.0s' $(seq 90))"; : > 'with space'; printf x > \("$'new\\nline'")
                cd ..; tar --format=\(format) -cf t.tar -C src .; tar -xpf t.tar -C ref --same-owner
                """
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/bin/bash")
            process.arguments = ["-c", script]
            try process.run()
            process.waitUntilExit()
            #expect(process.terminationStatus == 0)
            try apply(Array(Data(contentsOf: URL(fileURLWithPath: space.path + "/t.tar"))), to: target)
            #expect(try describe(target.path) == describe(space.path + "/ref"))
            let (own, reference) = (target.path + "/sub/deeper", space.path + "/ref/sub/deeper")
            #expect(try status(own).st_mtim.tv_sec == status(reference).st_mtim.tv_sec)
        }
    }
}
