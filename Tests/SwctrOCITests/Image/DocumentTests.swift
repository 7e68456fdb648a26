import Foundation
import SwctrCore
import SwctrOCI
import Testing

@Suite("Image documents")
struct DocumentTests {
    static let digest = "sha256:" + String(repeating: "b", count: 64)

    @Test("a configuration with Docker's nulls is read")
    func nulls() throws {
        let json = """
            {"architecture":"amd64","os":"linux","config":{"Cmd":null,"Env":["A=b"],"Labels":null,"Entrypoint":null,
            "Volumes":{"/v":{}},"OnBuild":null},"rootfs":{"type":"layers","diff_ids":["\(Self.digest)"]},
            "history":[{"created_by":"x","empty_layer":true}],"container_config":{"a":1}}
            """
        let config = try JSONDecoder().decode(ImageConfig.self, from: Data(json.utf8))
        #expect(config.config?.env == ["A=b"])
        #expect(config.config?.cmd == nil)
        #expect(config.config?.volumes?.keys.sorted() == ["/v"])
        #expect(config.rootfs.diffIDs.map(\.description) == [Self.digest])
        #expect(config.history?.first?.emptyLayer == true)
        #expect(config.platform.description == "linux/amd64")
    }

    @Test(
        "a hostile descriptor is refused",
        arguments: [
            #"{"mediaType":"m","digest":"sha256:../../etc/passwd","size":1}"#,
            #"{"mediaType":"m","digest":"\#(digest)","size":-1}"#,
            #"{"mediaType":"m","digest":"\#(digest)","size":1e99}"#,
            #"{"mediaType":"m","size":1}"#, "[]", "",
        ])
    func hostile(json: String) {
        #expect(throws: (any Error).self) { try JSONDecoder().decode(Descriptor.self, from: Data(json.utf8)) }
    }

    @Test("manifests and indexes survive encoding, unknown media types included")
    func roundTrip() throws {
        let layer = Descriptor(mediaType: MediaType("x/y"), digest: try Digest(Self.digest), size: 3)
        let config = Descriptor(
            mediaType: .ociConfig, digest: try Digest(Self.digest), size: 9, annotations: ["a": "b"],
            platform: try Platform("linux/arm/v6"))
        let manifest = Manifest(config: config, layers: [layer])
        #expect(try JSONDecoder().decode(Manifest.self, from: JSONEncoder().encode(manifest)) == manifest)
        let index = Index(manifests: [config])
        #expect(try JSONDecoder().decode(Index.self, from: JSONEncoder().encode(index)) == index)
    }
}
