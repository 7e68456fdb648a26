import Foundation
import Glibc
import SwctrCore
import SwctrLinux
import Testing

@Suite("Removing a tree")
struct TreeRemovalTests {
    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("swctr-tree-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.path)
    }

    @Test("everything goes, and what a link points to stays")
    func links() throws {
        try withFolder { folder in
            let files = FileManager.default
            try files.createDirectory(atPath: folder + "/keep", withIntermediateDirectories: true)
            _ = files.createFile(atPath: folder + "/keep/precious", contents: nil)
            try files.createDirectory(atPath: folder + "/tree/a/b", withIntermediateDirectories: true)
            _ = files.createFile(atPath: folder + "/tree/a/file", contents: nil)
            try files.createSymbolicLink(atPath: folder + "/tree/a/b/out", withDestinationPath: folder + "/keep")
            #expect(mkfifo(folder + "/tree/fifo", 0o600) == 0)
            let directory = try OwnedFD.directory(folder)
            #expect(try directory.removeTree("tree"))
            #expect(try !directory.removeTree("tree"))
            #expect(try files.contentsOfDirectory(atPath: folder) == ["keep"])
            #expect(files.fileExists(atPath: folder + "/keep/precious"))
            try files.createSymbolicLink(atPath: folder + "/link", withDestinationPath: folder + "/keep")
            #expect(try directory.removeTree("link"))
            #expect(files.fileExists(atPath: folder + "/keep/precious"))
        }
    }

    @Test("a tree deeper than any path, with names of its own like ours")
    func deep() throws {
        try withFolder { folder in
            let directory = try OwnedFD.directory(folder)
            #expect(mkdirat(directory.number, "tree", 0o700) == 0)
            #expect(mkdirat(directory.number, "tree/.removing-1", 0o700) == 0)
            var inner = open(folder + "/tree", O_RDONLY | O_DIRECTORY)
            for level in 0..<3000 {
                #expect(mkdirat(inner, "level-\(level % 10)", 0o700) == 0)
                let next = openat(inner, "level-\(level % 10)", O_RDONLY | O_DIRECTORY)
                close(inner)
                inner = next
            }
            close(inner)
            #expect(try directory.removeTree("tree"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }

    @Test("two that remove the same tree do not get into each other's way")
    func concurrent() async throws {
        for _ in 0..<20 {
            let folder = FileManager.default.temporaryDirectory.path + "/swctr-tree-\(UUID().uuidString)"
            for index in 0..<60 {
                try FileManager.default.createDirectory(
                    atPath: "\(folder)/tree/d\(index)/a/b/c", withIntermediateDirectories: true)
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<2 {
                    group.addTask { _ = try OwnedFD.directory(folder).removeTree("tree") }
                }
                try await group.waitForAll()
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
            try FileManager.default.removeItem(atPath: folder)
        }
    }
}
