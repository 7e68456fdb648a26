import Foundation
import SwctrContent
import SwctrCore
import SwctrImages
import SwctrMetadata
import SwctrOCI
import SwctrSnapshots
import SwctrTestSupport
import Testing

/// Archives made by other people's programs.
@Suite("Archives of other tools", .enabled(if: geteuid() == 0, "unpacking sets owners"))
struct ForeignToolTests {
    /// umoci builds a small image in an OCI layout `oci:x`, skopeo turns it into each format.
    private func make(_ format: String, in folder: String) throws -> [UInt8] {
        let script = """
            set -e; cd \(folder)
            umoci init --layout oci; umoci new --image oci:x; umoci unpack --image oci:x bundle
            mkdir -p bundle/rootfs/bin bundle/rootfs/etc; cp /bin/busybox bundle/rootfs/bin/; ln -s busybox bundle/rootfs/bin/sh
            echo first > bundle/rootfs/etc/first; echo gone > bundle/rootfs/etc/gone; chmod 4755 bundle/rootfs/bin/busybox
            umoci repack --image oci:x bundle; rm -rf bundle; umoci unpack --image oci:x bundle
            rm bundle/rootfs/etc/gone; echo second > bundle/rootfs/etc/second
            umoci repack --image oci:x bundle; umoci config --image oci:x --config.cmd sh --config.env A=b
            case \(format) in
            layout) tar -cf out.tar -C oci . ;;
            layout-gz) tar -czf out.tar -C oci . ;;
            oci-archive) skopeo --insecure-policy copy -q oci:oci:x oci-archive:out.tar:r.example/tool:1 ;;
            docker-archive) skopeo --insecure-policy copy -q oci:oci:x docker-archive:out.tar:tool:1 ;;
            zstd) skopeo --insecure-policy copy -q --dest-compress-format zstd oci:oci:x oci:z:x; tar -cf out.tar -C z . ;;
            esac
            """
        try must(["/bin/bash", "-c", script])
        return try Array(Data(contentsOf: URL(fileURLWithPath: folder + "/out.tar")))
    }

    static let formats = [
        ("layout", "based:x"), ("layout-gz", "based:x"), ("oci-archive", "r.example/tool:1"),
        ("docker-archive", "docker.io/library/tool:1"), ("zstd", "based:x"),
    ]

    @Test("they are imported whole", arguments: formats)
    func imported(format: String, name: String) async throws {
        try await ImageFixture.with { fixture in
            let folder = fixture.root + "/work"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let archive = try make(format, in: folder)
            try await fixture.take(archive, .native(base: name.hasPrefix("based") ? "based" : ""))
            #expect(try await fixture.names() == [name])
            let image = try await fixture.images.resolve(.default, name, platform: nil)
            #expect(image.config.config?.env?.contains("A=b") == true)
            #expect(image.layers.count == 2)
            let tree = try await fixture.tree(of: name)
            #expect(try FileManager.default.contentsOfDirectory(atPath: tree + "/etc").sorted() == ["first", "second"])
            let busybox = try FileManager.default.attributesOfItem(atPath: tree + "/bin/busybox")
            #expect((busybox[.posixPermissions] as? NSNumber)?.intValue == 0o4755)
            try await fixture.images.collect()
            // Image documents and layers only: what docker-archive has beside them went.
            #expect(try fixture.content.digests().count == 4)
            let output = try must(["/usr/sbin/chroot", tree, "/bin/sh", "-c", "read x < /etc/second; echo $x"])
            #expect(output.text == "second\n")
        }
    }

    @Test("the store is an OCI layout that skopeo reads by the images' names")
    func storeIsLayout() async throws {
        try await ImageFixture.with { fixture in
            try await fixture.take(ArchiveBuilder.simple("r.example/x:1"))
            let found = try must([
                "skopeo", "--insecure-policy", "inspect", "oci:\(fixture.content.root):r.example/x:1",
            ])
            #expect(found.text.contains("\"Digest\""))
            try await fixture.images.delete(.default, "r.example/x:1", sync: true)
            let index = try String(contentsOfFile: fixture.content.root + "/index.json", encoding: .utf8)
            #expect(!index.contains("r.example"))
        }
    }
}
