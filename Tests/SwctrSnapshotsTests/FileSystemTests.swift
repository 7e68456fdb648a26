import Foundation
import Glibc
import SwctrCore
import SwctrSnapshots
import SwctrTestSupport
import Testing

/// On loop-mounted images of file systems that differ in what they can do.
@Suite("File systems", .serialized, .enabled(if: geteuid() == 0, "loop mounts need root"))
struct FileSystemTests {
    private func run(_ script: String) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", script]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    @Test("where overlayfs does not work, the error says what would")
    func noOverlay() throws {
        try SnapshotSpace.with { space in
            // Overlay refuses overlay as its upper layer unless the kernel was built for it; a read-only bind
            // refuses everywhere.
            let point = try space.mount(
                [Mount(type: "bind", source: space.folder("backing/trash") + "/..", options: ["ro", "rbind"])], at: "ro"
            )
            let error = #expect(throws: EngineError.self) { try OverlaySnapshotter(root: point) }
            #expect(error?.code == .failedPrecondition)
            #expect(error?.subject == point)
            #expect(error?.hint.contains("--snapshotter native") == true)
        }
    }

    @Test("overlayfs refuses to be stacked on itself, and the native snapshotter works there")
    func stacked() throws {
        try SnapshotSpace.with { space in
            let (lower, upper, work) = (try space.folder("l"), try space.folder("u"), try space.folder("w"))
            let point = try space.mount(
                [
                    Mount(
                        type: "overlay", source: "overlay",
                        options: ["lowerdir=\(lower)", "upperdir=\(upper)", "workdir=\(work)"])
                ], at: "merged")
            let error = #expect(throws: EngineError.self) { try OverlaySnapshotter(root: point + "/o") }
            #expect(error?.code == .failedPrecondition)
            let native = try NativeSnapshotter(root: point + "/n")
            try native.prepare(1, parents: [])
            try apply(TarBuilder.archive { $0.file("f", "x") }, to: native.layerTarget(1, parents: []))
            try native.prepare(2, parents: [1])
            #expect(try text(native.layerTarget(2, parents: [1]).path + "/f") == "x")
        }
    }

    @Test("a copy shares blocks where it can", arguments: ["xfs", "btrfs", "ext4"])
    func reflink(kind: String) throws {
        try SnapshotSpace.with { space in
            guard try run("command -v mkfs.\(kind)") == 0 else { return }
            let image = space.path + "/image"
            let point = try space.folder("fs")
            let made = try run(
                "truncate -s 400M \(image) && mkfs.\(kind) -q \(image) && mount -o loop \(image) \(point)")
            try #require(made == 0)
            space.adopt(mountAt: point)
            let native = try NativeSnapshotter(root: point + "/n")
            try native.prepare(1, parents: [])
            let data = [UInt8](repeating: 7, count: 30 << 20)
            try apply(
                TarBuilder.archive { $0.raw("big", data: data) }, to: native.layerTarget(1, parents: []), step: 1 << 20)
            try native.synchronize()
            let free = try freeBytes(point)
            try native.prepare(2, parents: [1])
            try native.synchronize()
            let used = try free - freeBytes(point)
            #expect(try status(native.layerTarget(2, parents: [1]).path + "/big").st_size == 30 << 20)
            if kind == "ext4" { #expect(used >= 30 << 20) } else { #expect(used < 10 << 20) }
        }
    }

    @Test("a full disk is a clear error, and nothing is left but what can be removed")
    func full() throws {
        try SnapshotSpace.with { space in
            let point = try space.mount([Mount(type: "tmpfs", source: "tmpfs", options: ["size=1m"])], at: "small")
            let native = try NativeSnapshotter(root: point + "/n")
            try native.prepare(1, parents: [])
            let archive = TarBuilder.archive { $0.raw("big", data: [UInt8](repeating: 7, count: 2 << 20)) }
            let error = #expect(throws: EngineError.self) { try apply(archive, to: native.layerTarget(1, parents: [])) }
            #expect(error?.code == .resourceExhausted)
            #expect(error?.description.contains("No space left") == true)
            try native.detach(1)
            try native.emptyTrash()
            #expect(try freeBytes(point) > 900 << 10)
        }
    }

    private func freeBytes(_ path: String) throws -> Int {
        var status = statvfs()
        try #require(statvfs(path, &status) == 0)
        return Int(status.f_bfree) * Int(status.f_frsize)
    }
}
