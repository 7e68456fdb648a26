import Foundation
import SwctrContent
import SwctrCore
import SwctrImages
import SwctrMetadata
import SwctrOCI
import SwctrSnapshots
import SwctrTestSupport
import Testing

@Suite("Importing archives", .enabled(if: geteuid() == 0, "unpacking sets owners"))
struct ImportTests {
    @Test(
        "an OCI archive is named, stored and unpacked, in pieces of any size", arguments: [1 << 20, 700, 13],
        [true, false])
    func oci(step: Int, indexFirst: Bool) async throws {
        try await ImageFixture.with { fixture in
            var builder = ArchiveBuilder()
            let image = try builder.image([
                ArchiveBuilder.layer("a", "one"),
                TarBuilder.archive { tar in
                    tar.file(".wh.a")
                    tar.file("b", "two")
                },
            ])
            builder.name(image, "host.example/x:1")
            let records = try await fixture.take(builder.archive(indexFirst: indexFirst), step: step)
            #expect(records.map(\.name) == ["host.example/x:1"])
            #expect(records[0].digest == image.digest)
            let tree = try await fixture.tree(of: "host.example/x:1")
            #expect(try FileManager.default.contentsOfDirectory(atPath: tree) == ["b"])
            let extent = try fixture.images.extent(of: records[0])
            #expect(extent.platforms == [.host])
            let rows = try await fixture.metadata.read { try $0.content(in: .default) }
            #expect(rows.count == 4 && extent.size == rows.reduce(0) { $0 + $1.size })
            #expect(try fixture.content.digests() == rows.map(\.digest))
        }
    }

    static let names: [([String: String], ImportOptions, [String])] = [
        (
            ["io.containerd.image.name": "r.example/a:1", "org.opencontainers.image.ref.name": "1"], .native(),
            ["r.example/a:1"]
        ),
        (["org.opencontainers.image.ref.name": "r.example/a:2"], .native(), ["r.example/a:2"]),
        (["org.opencontainers.image.ref.name": "v7"], .native(base: "r.example/based"), ["r.example/based:v7"]),
        (["org.opencontainers.image.ref.name": "r.example/a:2"], .native(base: "r.example/a"), ["r.example/a:2"]),
    ]

    @Test("names follow containerd's rules", arguments: names)
    func naming(annotations: [String: String], options: ImportOptions, expected: [String]) async throws {
        try await ImageFixture.with { fixture in
            var builder = ArchiveBuilder()
            builder.name(try builder.image([ArchiveBuilder.layer("f", "x")]), annotations)
            try await fixture.take(builder.archive(), options)
            #expect(try await fixture.names() == expected)
        }
    }

    @Test("a bare tag without a base is named after the day, and an index can have a name")
    func fallbackNames() async throws {
        try await ImageFixture.with { fixture in
            var builder = ArchiveBuilder()
            let image = try builder.image([ArchiveBuilder.layer("f", "x")])
            builder.name(image, ["org.opencontainers.image.ref.name": "v7"])
            try await fixture.take(builder.archive(), .native(digests: true, index: "r.example/index:1"))
            let names = try await fixture.names()
            #expect(names.count == 3)
            #expect(names[0].wholeMatch(of: /import-\d{4}-\d\d-\d\d:v7/) != nil)
            #expect(names[1].hasSuffix("@\(image.digest)"))
            #expect(names[2] == "r.example/index:1")
        }
    }

    @Test("of a nested index the host's platform is unpacked; what is missing for others does not matter")
    func nested() async throws {
        try await ImageFixture.with { fixture in
            var builder = ArchiveBuilder()
            let own = try builder.image([ArchiveBuilder.layer("mine", "x")])
            let foreign = try builder.image([ArchiveBuilder.layer("other", "x")], platform: Platform("linux/s390x"))
            let half = try builder.image([ArchiveBuilder.layer("half", "x")], platform: Platform("linux/riscv64"))
            let inner = try builder.document(Index(manifests: [half, foreign, own]), .ociIndex)
            let outer = try builder.document(Index(manifests: [inner]), .ociIndex)
            builder.name(outer, "r.example/multi:1")
            // Nothing of one platform is here, and of another only the manifest.
            builder.blobs["blobs/sha256/\(foreign.digest.hex)"] = nil
            let manifest = try JSONDecoder().decode(
                Manifest.self, from: Data(builder.blobs["blobs/sha256/\(half.digest.hex)"] ?? []))
            builder.blobs["blobs/sha256/\(manifest.config.digest.hex)"] = nil
            builder.blobs["blobs/sha256/\(manifest.layers[0].digest.hex)"] = nil
            try await fixture.take(builder.archive())
            #expect(try await fixture.text("mine", in: "r.example/multi:1") == "x")
            // The collector copes with what is missing, too.
            try await fixture.images.collect()
            #expect(try await fixture.text("mine", in: "r.example/multi:1") == "x")
            let error = await #expect(throws: EngineError.self) {
                try await fixture.images.resolve(.default, "r.example/multi:1", platform: "linux/arm64")
            }
            #expect(error?.code == .notFound)
            #expect(error?.message.contains("linux/amd64") == true || Platform.host.architecture != "amd64")
        }
    }

    @Test("all platforms can be taken in, attestations beside them notwithstanding")
    func allPlatforms() async throws {
        try await ImageFixture.with { fixture in
            var builder = ArchiveBuilder()
            let own = try builder.image([ArchiveBuilder.layer("mine", "x")])
            let other = try builder.image([ArchiveBuilder.layer("other", "y")], platform: Platform("linux/s390x"))
            let statement = Array(#"{"_type":"https://in-toto.io/Statement/v0.1"}"#.utf8)
            let layer = Descriptor(
                mediaType: MediaType("application/vnd.in-toto+json"), digest: try builder.blob(statement),
                size: Int64(statement.count))
            let unknown = Platform(os: "unknown", architecture: "unknown")
            let config = ImageConfig(architecture: "unknown", os: "unknown", diffIDs: [layer.digest])
            var attestation = try builder.document(
                Manifest(config: builder.document(config, .ociConfig), layers: [layer]), .ociManifest)
            attestation.platform = unknown
            builder.name(
                try builder.document(Index(manifests: [own, other, attestation]), .ociIndex), "r.example/all:1")
            let archive = try builder.archive()
            try await fixture.take(archive, .native(platform: nil))
            #expect(try await fixture.snapshotRows().count == 2)
            #expect(try fixture.content.digests().count == builder.blobs.count)
            let record = try await fixture.images.get(.default, "r.example/all:1")
            #expect(
                try fixture.images.extent(of: record).platforms.map(\.description) == [
                    "\(Platform.host)", "linux/s390x",
                ])
        }
    }

    @Test("an image only for other machines is refused, and says which")
    func foreign() async throws {
        try await ImageFixture.with { fixture in
            var builder = ArchiveBuilder()
            let image = try builder.image([ArchiveBuilder.layer("f", "x")], platform: Platform("linux/s390x"))
            builder.name(try builder.document(Index(manifests: [image]), .ociIndex), "r.example/x:1")
            let archive = try builder.archive()
            let error = await #expect(throws: EngineError.self) { try await fixture.take(archive) }
            #expect(error?.message.contains("linux/s390x") == true)
            #expect(try await fixture.names().isEmpty)
        }
    }

    @Test("importing the same archive twice, into two namespaces too, stores its bytes once")
    func twice() async throws {
        try await ImageFixture.with { fixture in
            let archive = try ArchiveBuilder.simple("r.example/x:1")
            try await fixture.take(archive)
            try await fixture.take(archive)
            try await fixture.take(archive, namespace: Namespace("other"))
            #expect(try fixture.content.digests().count == 3)
            #expect(try await fixture.metadata.read { try $0.content() }.count == 6)
            #expect(try await fixture.snapshotRows().map(\.namespace.rawValue).sorted() == ["default", "other"])
        }
    }

    @Test("a name moves to what was imported last")
    func moves() async throws {
        try await ImageFixture.with { fixture in
            try await fixture.take(ArchiveBuilder.simple("r.example/x:1", text: "old"))
            try await fixture.take(ArchiveBuilder.simple("r.example/x:1", text: "new"))
            #expect(try await fixture.names() == ["r.example/x:1"])
            #expect(try await fixture.text("f", in: "r.example/x:1") == "new")
            try await fixture.images.collect()
            #expect(try await fixture.snapshotRows().count == 1)
            #expect(try fixture.content.digests().count == 3)
        }
    }

    @Test("without unpacking only content is stored; it is unpacked when it is needed")
    func later() async throws {
        try await ImageFixture.with { fixture in
            try await fixture.take(ArchiveBuilder.simple("r.example/x:1"), .native(unpack: false))
            #expect(try await fixture.snapshotRows().isEmpty)
            let image = try await fixture.images.resolve(.default, "r.example/x:1", platform: nil)
            try await fixture.unpack(image)
            #expect(try await fixture.text("f", in: "r.example/x:1") == "x")
        }
    }
}
