import Foundation
import Glibc
import SwctrCore
import SwctrLinux
import SwctrSnapshots
import SwctrTestSupport
import Testing

/// What `Snapshotter` promises, for each implementation.
@Suite("Snapshotters", .enabled(if: geteuid() == 0, "mounts need root"))
struct SnapshotterContractTests {
    static let names = [OverlaySnapshotter.name, NativeSnapshotter.name]

    private func make(_ name: String, _ space: SnapshotSpace) throws -> any Snapshotter {
        let root = try space.folder("root")
        return name == OverlaySnapshotter.name ? try OverlaySnapshotter(root: root) : try NativeSnapshotter(root: root)
    }

    private func write(_ content: String, to path: String) throws {
        try Data(content.utf8).write(to: URL(fileURLWithPath: path))
    }

    @Test("prepare, write, commit: children see the change, parents and siblings do not", arguments: names)
    func chain(name: String) throws {
        try SnapshotSpace.with { space in
            let snapshots = try make(name, space)
            try snapshots.prepare(1, parents: [])
            let base = try space.mount(snapshots.mounts(1, parents: [], readOnly: false), at: "base")
            try write("one", to: base + "/a")
            try write("gone soon", to: base + "/b")
            try FileManager.default.createDirectory(atPath: base + "/dir", withIntermediateDirectories: false)
            try write("old", to: base + "/dir/old")
            space.unmount(base)
            try snapshots.commit(1)

            try snapshots.prepare(2, parents: [1])
            let child = try space.mount(snapshots.mounts(2, parents: [1], readOnly: false), at: "child")
            #expect(try text(child + "/a") == "one")
            try write("two", to: child + "/a")
            try FileManager.default.removeItem(atPath: child + "/b")
            try FileManager.default.removeItem(atPath: child + "/dir")
            try FileManager.default.createDirectory(atPath: child + "/dir", withIntermediateDirectories: false)
            space.unmount(child)
            try snapshots.commit(2)

            try snapshots.prepare(3, parents: [2, 1])
            let leaf = try space.mount(snapshots.mounts(3, parents: [2, 1], readOnly: false), at: "leaf")
            #expect(try text(leaf + "/a") == "two")
            #expect(!exists(leaf + "/b") && exists(leaf + "/dir") && !exists(leaf + "/dir/old"))
            try snapshots.prepare(4, parents: [1])
            let sibling = try space.mount(snapshots.mounts(4, parents: [1], readOnly: false), at: "sibling")
            #expect(try text(sibling + "/a") == "one")
            #expect(exists(sibling + "/b") && exists(sibling + "/dir/old"))
        }
    }

    @Test("a view cannot be written to", arguments: names, [1, 2])
    func view(name: String, depth: Int) throws {
        try SnapshotSpace.with { space in
            let snapshots = try make(name, space)
            var parents: [Int64] = []
            for id in 1...Int64(depth) {
                try snapshots.prepare(id, parents: parents)
                try apply(
                    TarBuilder.archive { $0.file("f\(id)", "x") },
                    to: snapshots.layerTarget(id, parents: parents))
                try snapshots.commit(id)
                parents.insert(id, at: 0)
            }
            try snapshots.prepare(9, parents: parents)
            let point = try space.mount(snapshots.mounts(9, parents: parents, readOnly: true), at: "view")
            #expect(exists(point + "/f1") && exists(point + "/f\(depth)"))
            #expect(throws: (any Error).self) { try write("x", to: point + "/new") }
            #expect(access(point, W_OK) != 0 && errno == EROFS)
        }
    }

    @Test("the root keeps its parent's owner and mode", arguments: names)
    func root(name: String) throws {
        try SnapshotSpace.with { space in
            let snapshots = try make(name, space)
            try snapshots.prepare(1, parents: [])
            try apply(
                TarBuilder.archive { $0.directory("./", mode: 0o711, uid: 3, gid: 4) },
                to: snapshots.layerTarget(1, parents: []))
            try snapshots.commit(1)
            try snapshots.prepare(2, parents: [1])
            let point = try space.mount(snapshots.mounts(2, parents: [1], readOnly: false), at: "m")
            let found = try status(point)
            #expect((found.st_mode & 0o7777, found.st_uid, found.st_gid) == (0o711, 3, 4))
            try snapshots.prepare(3, parents: [])
            #expect(try status(snapshots.layerTarget(3, parents: []).path).st_mode & 0o7777 == 0o755)
        }
    }

    @Test("whiteouts, opaque folders, links into lower layers and implied folders work across layers", arguments: names)
    func layers(name: String) throws {
        try SnapshotSpace.with { space in
            let snapshots = try make(name, space)
            let layers = [
                TarBuilder.archive { tar in
                    tar.directory("data", mode: 0o700, uid: 8, gid: 9)
                    tar.file("data/keep", "1")
                    tar.file("data/gone", "1")
                    tar.directory("data/opaque")
                    tar.file("data/opaque/old", "1")
                    tar.directory("data/replaced")
                    tar.file("data/replaced/old", "1")
                    tar.directory("usr/lib")
                    tar.symbolicLink("lib", "usr/lib")
                    tar.symbolicLink("abs", "/usr/lib")
                    tar.file("original", "linked", mode: 0o640, uid: 5)
                    tar.file("swap", "file")
                    tar.directory("tree/deep/deeper")
                    tar.file("tree/deep/deeper/leaf", "1")
                },
                TarBuilder.archive { tar in
                    tar.file("data/.wh.gone")
                    tar.file("data/opaque/.wh..wh..opq")
                    tar.file("data/opaque/new", "2")
                    tar.file("data/.wh.replaced")
                    tar.directory("data/replaced")
                    tar.file("data/replaced/new", "2")
                    tar.file("lib/through", "2")
                    tar.file("abs/through-absolute", "2")
                    tar.hardLink("second", "original")
                    tar.hardLink("lib/third", "original")
                    tar.file("swap/inner", "2")
                    tar.file("tree/new", "2")
                    tar.file("tree/.wh.deep")
                    tar.file("never/.wh.was")
                    tar.directory(".wh..wh.plnk")
                },
                TarBuilder.archive { tar in
                    tar.file("tree/deep/leaf3", "3")
                    tar.file("data/opaque/third", "3")
                    tar.hardLink("fourth", "data/opaque/new")
                },
            ]
            // The second layer puts a file below what is a file: that alone is an error, so leave it out there.
            var parents: [Int64] = []
            for (index, archive) in layers.enumerated() {
                let id = Int64(index + 1)
                try snapshots.prepare(id, parents: parents)
                let target = try snapshots.layerTarget(id, parents: parents)
                if index == 1 {
                    let error = #expect(throws: EngineError.self) { try apply(archive, to: target) }
                    #expect(error?.description.contains("swap") == true)
                    try snapshots.detach(id)
                    try snapshots.prepare(id, parents: parents)
                    try apply(
                        TarBuilder.without("swap/inner", in: archive), to: snapshots.layerTarget(id, parents: parents))
                } else {
                    try apply(archive, to: target)
                }
                try snapshots.commit(id)
                parents.insert(id, at: 0)
            }
            try snapshots.prepare(9, parents: parents)
            let point = try space.mount(snapshots.mounts(9, parents: parents, readOnly: false), at: "m")
            let seen = try describe(point).map { $0.split(separator: " ")[0] }
            #expect(
                seen == [
                    "/abs", "/data", "/data/keep", "/data/opaque", "/data/opaque/new", "/data/opaque/third",
                    "/data/replaced", "/data/replaced/new", "/fourth", "/lib", "/never", "/original", "/second",
                    "/swap",
                    "/tree", "/tree/deep", "/tree/deep/leaf3", "/tree/new", "/usr", "/usr/lib", "/usr/lib/third",
                    "/usr/lib/through", "/usr/lib/through-absolute",
                ])
            let data = try status(point + "/data")
            #expect((data.st_mode & 0o7777, data.st_uid, data.st_gid) == (0o700, 8, 9))
            #expect(data.st_mtim.tv_sec == Int(TarBuilder.time))
            let (second, third) = (try status(point + "/second"), try status(point + "/usr/lib/third"))
            #expect(second.st_ino == third.st_ino && second.st_mode & 0o7777 == 0o640 && second.st_uid == 5)
            #expect(try text(point + "/original") == "linked")
            #expect(try text(point + "/fourth") == "2")
        }
    }

    @Test("usage counts what is the snapshot's own", arguments: names)
    func usage(name: String) throws {
        try SnapshotSpace.with { space in
            let snapshots = try make(name, space)
            try snapshots.prepare(1, parents: [])
            let before = try snapshots.usage(1)
            let path = try snapshots.layerTarget(1, parents: []).path
            try apply(
                TarBuilder.archive { tar in
                    tar.raw("big", data: [UInt8](repeating: 1, count: 1 << 20))
                    tar.hardLink("same", "big")
                }, to: LayerTarget(path: path, lowers: [], deletions: .removal))
            let after = try snapshots.usage(1)
            #expect(after.inodes - before.inodes == 1)
            #expect((1 << 20...2 << 20).contains(after.size - before.size))
        }
    }

    @Test("what is detached is gone at once, and from the disk when the trash is emptied", arguments: names)
    func removal(name: String) throws {
        try SnapshotSpace.with { space in
            let snapshots = try make(name, space)
            try snapshots.prepare(1, parents: [])
            try snapshots.detach(1)
            try snapshots.detach(1)
            #expect(throws: EngineError.self) { try snapshots.mounts(1, parents: [], readOnly: false) }
            try snapshots.prepare(1, parents: [])
            try write("x", to: snapshots.layerTarget(1, parents: []).path + "/mine")
            // A leftover under the id goes to the trash and is not taken for the new one.
            try snapshots.prepare(1, parents: [])
            #expect(try !exists(snapshots.layerTarget(1, parents: []).path + "/mine"))
            let trash = space.path + "/root/trash"
            #expect(try FileManager.default.contentsOfDirectory(atPath: trash).count == 2)
            try snapshots.emptyTrash()
            #expect(try FileManager.default.contentsOfDirectory(atPath: trash).isEmpty)
            try snapshots.synchronize()
        }
    }

    @Test("a parent whose tree is missing is a loss of data, with advice", arguments: names)
    func missing(name: String) throws {
        try SnapshotSpace.with { space in
            let snapshots = try make(name, space)
            let error = #expect(throws: EngineError.self) { try snapshots.prepare(2, parents: [1]) }
            #expect(error?.code == .notFound || error?.code == .dataLoss)
        }
    }
}

extension TarBuilder {
    /// The archive without the blocks of one small file.
    static func without(_ name: String, in archive: [UInt8]) -> [UInt8] {
        var rest = archive
        for start in stride(from: 0, to: archive.count, by: 512)
        where archive[start...].starts(with: Array(name.utf8) + [0]) {
            rest.removeSubrange(start..<(start + 1024))
            break
        }
        return rest
    }
}
