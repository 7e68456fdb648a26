import CSwctrLinux
import Foundation
import Glibc
import SwctrCore
import SwctrSnapshots
import SwctrTestSupport
import Testing

/// Layers that try to reach outside. Each is applied in order; none may change anything outside, whether it is
/// refused or not.
@Suite("Hostile layers", .enabled(if: geteuid() == 0, "devices and trusted attributes need root"))
struct LayerAttackTests {
    typealias Layers = @Sendable (String) -> [[UInt8]]

    private static func one(_ fill: @escaping @Sendable (inout TarBuilder, String) -> Void) -> Layers {
        { outside in [TarBuilder.archive { fill(&$0, outside) }] }
    }

    private static func two(
        _ first: @escaping @Sendable (inout TarBuilder, String) -> Void,
        _ second: @escaping @Sendable (inout TarBuilder, String) -> Void
    ) -> Layers {
        { outside in [TarBuilder.archive { first(&$0, outside) }, TarBuilder.archive { second(&$0, outside) }] }
    }

    private static let up = String(repeating: "../", count: 12)

    static let attacks: [(String, Layers)] = [
        ("a file above the root", one { $0.file(up + $1.dropFirst() + "/pwned", "x") }),
        ("a file through dots in the middle", one { $0.file("a/b/" + up + $1.dropFirst() + "/pwned", "x") }),
        ("an absolute file", one { $0.file($1 + "/pwned", "x") }),
        (
            "a write through an absolute link",
            one {
                $0.symbolicLink("l", $1)
                $0.file("l/pwned", "x")
            }
        ),
        (
            "a write through a relative link",
            one {
                $0.symbolicLink("l", up + $1.dropFirst())
                $0.file("l/pwned", "x")
            }
        ),
        (
            "a write through a link of the layer below",
            two({ $0.symbolicLink("l", $1) }, { tar, _ in tar.file("l/pwned", "x") })
        ),
        (
            "a write onto a link",
            one {
                $0.symbolicLink("f", $1 + "/precious")
                $0.file("f", "x")
            }
        ),
        (
            "a write onto a link of the layer below",
            two({ $0.symbolicLink("f", $1 + "/precious") }, { tar, _ in tar.file("f", "x") })
        ),
        ("a hard link to an absolute file", one { $0.hardLink("h", $1 + "/precious") }),
        ("a hard link to a file above", one { $0.hardLink("h", up + $1.dropFirst() + "/precious") }),
        (
            "a hard link through a link",
            one {
                $0.symbolicLink("l", $1)
                $0.hardLink("h", "l/precious")
            }
        ),
        (
            "a hard link to a link, then a write",
            one {
                $0.symbolicLink("l", $1 + "/precious")
                $0.hardLink("h", "l")
                $0.file("h", "x")
            }
        ),
        (
            "a hard link through a link of the layer below",
            two({ $0.symbolicLink("l", $1) }, { tar, _ in tar.hardLink("h", "l/precious") })
        ),
        (
            "a mode through a link",
            one {
                $0.symbolicLink("l", $1)
                $0.directory("l", mode: 0o777, uid: 1234)
            }
        ),
        (
            "a mode through a link with a slash",
            one {
                $0.symbolicLink("l", $1)
                $0.directory("l/.", mode: 0o777, uid: 1234)
            }
        ),
        (
            "a folder through a link",
            one {
                $0.symbolicLink("l", $1)
                $0.directory("l/new/deeper")
            }
        ),
        (
            "a device through a link",
            one {
                $0.symbolicLink("l", $1)
                $0.raw("l/dev", type: "3", major: 1, minor: 3)
            }
        ),
        (
            "a fifo through a link",
            one {
                $0.symbolicLink("l", $1)
                $0.raw("l/fifo", type: "6")
            }
        ),
        ("a whiteout below a link", two({ $0.symbolicLink("l", $1) }, { tar, _ in tar.file("l/.wh.precious") })),
        ("a whiteout above the root", one { $0.file(up + $1.dropFirst() + "/.wh.precious") }),
        ("a whiteout of the parent", one { tar, _ in tar.file(".wh...") }),
        (
            "a whiteout of itself",
            one { tar, _ in
                tar.directory("a")
                tar.file("a/.wh..")
            }
        ),
        ("a whiteout of nothing", one { tar, _ in tar.file(".wh.") }),
        ("an opaque mark below a link", two({ $0.symbolicLink("l", $1) }, { tar, _ in tar.file("l/.wh..wh..opq") })),
        (
            "links that lead in circles",
            one { tar, _ in
                tar.symbolicLink("a", "b")
                tar.symbolicLink("b", "a")
                tar.file("a/x", "x")
            }
        ),
        (
            "an attribute through a link",
            one {
                $0.pax([("SCHILY.xattr.user.pwned", [49]), ("SCHILY.xattr.trusted.pwned", [49])])
                $0.symbolicLink("f", $1 + "/precious")
            }
        ),
        (
            "a folder that becomes a link between entries",
            one {
                $0.directory("d")
                $0.file("d/one", "1")
                $0.file("d/.wh.x")
                $0.symbolicLink("d", $1)
                $0.file("d/pwned", "x")
                $0.directory("d/sub", mode: 0o777)
            }
        ),
        (
            "times of a folder that became a link",
            one {
                $0.directory("d")
                $0.symbolicLink("d", $1)
            }
        ),
        ("the root as a file", one { tar, _ in tar.file("..", "x") }),
        ("the root as a link", one { $0.symbolicLink("/", $1) }),
        (
            "a link through /proc",
            one {
                $0.symbolicLink("p", "/proc/self/root" + $1)
                $0.file("p/pwned", "x")
            }
        ),
        (
            "a folder name with a zero byte",
            one {
                $0.pax([("path", Array("a".utf8) + [0] + Array($1.utf8))]); $0.file("x")
            }
        ),
    ]

    @Test("nothing outside the layer changes", arguments: attacks, [LayerTarget.Deletions.whiteouts, .removal])
    func contained(attack: (String, Layers), deletions: LayerTarget.Deletions) throws {
        try SnapshotSpace.with { space in
            let outside = try space.folder("outside")
            try Data("precious".utf8).write(to: URL(fileURLWithPath: outside + "/precious"))
            let before = try describe(outside) + [snapshot(outside), snapshot(outside + "/precious")]
            var lowers: [String] = []
            let layers = attack.1(outside)
            for (index, archive) in layers.enumerated() {
                let isCopy = deletions == .removal
                let path = try space.folder(isCopy ? "fs" : "fs\(index)")
                do {
                    try apply(archive, to: LayerTarget(path: path, lowers: isCopy ? [] : lowers, deletions: deletions))
                } catch let error as EngineError { #expect(!error.description.isEmpty) }
                lowers.insert(path, at: 0)
                try expectNoForeignLink(path, outside + "/precious")
            }
            #expect(try describe(outside) + [snapshot(outside), snapshot(outside + "/precious")] == before)
            #expect(try text(outside + "/precious") == "precious")
        }
    }

    /// Everything about one file that an attack could change.
    private func snapshot(_ path: String) throws -> String {
        let found = try status(path)
        var list = [CChar](repeating: 0, count: 1024)
        let attributes = swctr_llistxattr(path, &list, 1024)
        return "\(found.st_mode) \(found.st_uid) \(found.st_nlink) \(found.st_mtim) \(found.st_ctim) \(attributes)"
    }

    private func expectNoForeignLink(_ root: String, _ precious: String) throws {
        let inode = try status(precious).st_ino
        for name in FileManager.default.enumerator(atPath: root)?.compactMap({ $0 as? String }) ?? [] {
            #expect(try status(root + "/" + name).st_ino != inode, "\(name) is the host's file")
        }
    }

    @Test("two thousand mutated layers stay inside")
    func mutations() throws {
        var random = SplitMix(state: 7)
        try SnapshotSpace.with { space in
            let outside = try space.folder("outside")
            try Data("precious".utf8).write(to: URL(fileURLWithPath: outside + "/precious"))
            let before = try describe(outside) + [snapshot(outside), snapshot(outside + "/precious")]
            let names = try FileManager.default.contentsOfDirectory(atPath: "/").sorted()
            let seeds = Self.attacks.flatMap { $0.1(outside) }
            for round in 0..<2000 {
                var bytes = seeds[round % seeds.count] + []
                bytes.removeLast(1024)
                bytes += seeds[Int.random(in: 0..<seeds.count, using: &random)]
                for _ in 0..<Int.random(in: 1...6, using: &random) {
                    let at = Int.random(in: 0..<bytes.count, using: &random)
                    bytes = TarBuilder.withChecksums(
                        bytes, changing: at,
                        to: [UInt8(ascii: "/"), UInt8(ascii: "."), 0, 0xff].randomElement(using: &random) ?? 0)
                }
                let deletions: LayerTarget.Deletions = round % 2 == 0 ? .whiteouts : .removal
                let path = try space.folder("fs\(round % 8)")
                _ = try? apply(bytes, to: LayerTarget(path: path, lowers: [], deletions: deletions))
            }
            #expect(try describe(outside) + [snapshot(outside), snapshot(outside + "/precious")] == before)
            #expect(try FileManager.default.contentsOfDirectory(atPath: "/").sorted() == names)
        }
    }
}
