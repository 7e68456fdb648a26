import Foundation
import SwctrContent
import SwctrCore
import SwctrImages
import SwctrMetadata
import SwctrOCI
import SwctrSnapshots
import SwctrTestSupport
import Testing

/// What is wrong with an archive is said, and neither a name nor a byte of it stays.
@Suite("Broken archives", .enabled(if: geteuid() == 0, "unpacking sets owners"))
struct BrokenArchiveTests {
    typealias Make = @Sendable () throws -> [UInt8]

    private static func image(_ change: @escaping @Sendable (inout ArchiveBuilder, Descriptor) throws -> Void) -> Make {
        {
            var builder = ArchiveBuilder()
            let image = try builder.image([ArchiveBuilder.layer("f", "x")])
            builder.name(image, "r.example/x:1")
            try change(&builder, image)
            return try builder.archive()
        }
    }

    private static func files(_ list: [(String, String)]) -> Make {
        { TarBuilder.archive { tar in for (name, text) in list { tar.file(name, text) } } }
    }

    private static let digest = "sha256:" + String(repeating: "a", count: 64)

    static let broken: [(String, Make)] = [
        ("no archive", { Array(String(repeating: "this is not a tar archive", count: 100).utf8) }),
        ("nothing", { [] }),
        ("an archive of something else", files([("hello", "world")])),
        ("index.json that is no JSON", files([("index.json", "{")])),
        (
            "index.json with a hostile digest",
            files([
                (
                    "index.json",
                    #"{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:../../../../etc/passwd","size":5}]}"#
                )
            ])
        ),
        ("an index without images", files([("index.json", #"{"schemaVersion":2,"manifests":[]}"#)])),
        ("a manifest that is missing", image { $0.blobs["blobs/sha256/\($1.digest.hex)"] = nil }),
        ("a blob of other bytes", image { $0.blobs["blobs/sha256/\($1.digest.hex)"] = [1, 2, 3] }),
        (
            "a blob with a name that is no digest",
            image { builder, _ in builder.blobs["blobs/sha256/evil"] = [1] }
        ),
        (
            "a layer that is missing",
            image { builder, image in
                let manifest = try JSONDecoder().decode(
                    Manifest.self, from: Data(builder.blobs["blobs/sha256/\(image.digest.hex)"] ?? []))
                builder.blobs["blobs/sha256/\(manifest.layers[0].digest.hex)"] = nil
            }
        ),
        (
            "a layer that is no tar",
            image { builder, _ in
                builder = ArchiveBuilder()
                builder.name(
                    try builder.image([Array(String(repeating: "garbage!", count: 200).utf8)]), "r.example/x:1")
            }
        ),
        (
            "a layer of another diff ID",
            image { builder, _ in
                builder = ArchiveBuilder()
                builder.name(
                    try builder.image([ArchiveBuilder.layer("f", "x")], diffIDs: [try Digest(digest)]), "r.example/x:1")
            }
        ),
        (
            "more layers than diff IDs",
            image { builder, _ in
                builder = ArchiveBuilder()
                builder.name(try builder.image([ArchiveBuilder.layer("f", "x")], diffIDs: []), "r.example/x:1")
            }
        ),
        (
            "an index that names itself in a circle of depth",
            image { builder, image in
                builder.entries = []
                var inner = image
                for _ in 0..<20 { inner = try builder.document(Index(manifests: [inner]), .ociIndex) }
                builder.name(inner, "r.example/deep:1")
            }
        ),
        (
            "a name with spaces",
            image { builder, image in
                builder.entries = []
                builder.name(image, "not a name")
            }
        ),
        (
            "docker save naming a file that is not there",
            files([("manifest.json", #"[{"Config":"c.json","RepoTags":["x:1"],"Layers":["l/layer.tar"]}]"#)])
        ),
        (
            "docker save with a hostile path",
            files([("manifest.json", #"[{"Config":"../../../etc/passwd","RepoTags":["x:1"],"Layers":[]}]"#)])
        ),
        (
            "docker save with a link to the host",
            {
                TarBuilder.archive { tar in
                    tar.symbolicLink("c.json", "/etc/passwd")
                    tar.file("manifest.json", #"[{"Config":"c.json","RepoTags":["x:1"],"Layers":[]}]"#)
                }
            }
        ),
        (
            "docker save with a tag that is no name",
            files([
                ("c.json", #"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}"#),
                ("manifest.json", #"[{"Config":"c.json","RepoTags":["UPPER CASE"],"Layers":[]}]"#),
            ])
        ),
        ("docker save that is no list", files([("manifest.json", "{}")])),
        ("an archive that is cut off", { Array(try ArchiveBuilder.simple("r.example/x:1").dropLast(3000)) }),
    ]

    @Test("it is refused with a reason and leaves nothing", arguments: broken)
    func refused(what: String, make: Make) async throws {
        try await ImageFixture.with { fixture in
            let archive = try make()
            let error = await #expect(throws: EngineError.self) { try await fixture.take(archive) }
            #expect(
                error.map { $0.code != .unknown && $0.code != .internal } == true,
                "\(what): \(String(describing: error))")
            #expect(try await fixture.names().isEmpty)
            try await fixture.images.collect()
            #expect(try fixture.content.digests().isEmpty)
            #expect(try await fixture.snapshotRows().isEmpty)
            #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.root + "/content/ingest").isEmpty)
            let (intents, rows) = try await fixture.metadata.read { (try $0.intents(), try $0.content()) }
            #expect(intents.isEmpty && rows.isEmpty)
            // And the next one is none the worse for it.
            try await fixture.take(ArchiveBuilder.simple("r.example/good:1"))
            #expect(try await fixture.text("f", in: "r.example/good:1") == "x")
        }
    }

    @Test("a feed that fails leaves nothing")
    func interrupted() async throws {
        try await ImageFixture.with { fixture in
            let archive = try ArchiveBuilder.simple("r.example/x:1")
            let error = await #expect(throws: EngineError.self) {
                try await fixture.images.importArchive(.default, options: .native()) { reader in
                    try await reader.push(Array(archive[..<(archive.count / 2)]))
                    throw EngineError(.unavailable, message: "the client went away")
                } onProgress: { _ in
                }
            }
            #expect(error?.code == .unavailable)
            try await fixture.images.collect()
            #expect(try fixture.content.digests().isEmpty)
            #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.root + "/content/ingest").isEmpty)
        }
    }
}
