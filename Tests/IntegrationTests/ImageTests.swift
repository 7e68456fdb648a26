import Foundation
import SwctrTestSupport
import Testing

extension Integration {
    /// Images as other tools write them.
    @Suite("Images made by other tools")
    struct ImageTests {
        /// How one tool is asked for an image file.
        struct Source: Sendable, CustomTestStringConvertible {
            let testDescription: String
            let program: String
            /// Makes `$out` from the OCI archive `$in`.
            let script: String
            var importFlags: [String] = []
            let name: String
            /// ctr reads no folders.
            var isFolder = false
        }

        static let sources = [
            Source(
                testDescription: "docker save, as skopeo writes it", program: "skopeo",
                script: "skopeo copy -q oci-archive:$in docker-archive:$out:localhost/made:1", name: "localhost/made:1"),
            Source(
                testDescription: "docker save without a registry in the name", program: "skopeo",
                script: "skopeo copy -q oci-archive:$in docker-archive:$out:made:2", name: "docker.io/library/made:2"),
            Source(
                testDescription: "OCI archive by skopeo", program: "skopeo",
                script: "skopeo copy -q oci-archive:$in oci-archive:$out:localhost/made:3",
                importFlags: ["--base-name", "localhost/made"], name: "localhost/made:3"),
            Source(
                testDescription: "OCI layout by skopeo, layers in zstd", program: "skopeo",
                script: """
                    skopeo copy -q --dest-compress-format zstd oci-archive:$in oci:$out.d:4
                    tar -C $out.d -cf $out .
                    """, importFlags: ["--base-name", "localhost/made"], name: "localhost/made:4"),
            Source(
                testDescription: "OCI layout by skopeo, as a folder", program: "skopeo",
                script: "skopeo copy -q oci-archive:$in oci:$out:5",
                importFlags: ["--base-name", "localhost/made"], name: "localhost/made:5", isFolder: true),
            Source(
                testDescription: "umoci, with a layer and a configuration of its own", program: "umoci",
                script: """
                    skopeo copy -q oci-archive:$in oci:$out.d:6
                    echo from umoci > $out.note
                    umoci insert --image $out.d:6 $out.note /note
                    umoci config --image $out.d:6 --config.env NOTE=umoci --config.workingdir /var --config.cmd cat --config.cmd /note
                    tar -C $out.d -cf $out .
                    """, importFlags: ["--base-name", "localhost/made"], name: "localhost/made:6"),
        ]

        @Test("an image runs unchanged", arguments: sources)
        func imageRuns(_ source: Source) throws {
            let setting = Setting.one
            guard setting.daemon == .swctrd || !source.isFolder else { return }
            try setting.with { site in
                let client = site.client
                let file = site.workspace.file("image")
                try must(
                    ["sh", "-ec", "in=\(try TestImage.archive()) out=\(file)\n" + source.script],
                    environment: client.environment)
                try client.must(["images", "import"] + source.importFlags + [file])
                #expect(try client.must("images", "list", "--quiet").lines.contains(source.name))
                let run = ["run"] + setting.flags + ["--rm", source.name, "a"]
                let outcome = try client.must(run + ["sh", "-c", "echo \"$0 runs as $(id -u) in $PWD\"", "busybox"])
                if source.program == "umoci" {
                    #expect(outcome.text == "busybox runs as 0 in /var\n")
                    #expect(try client.must(run).text == "from umoci\n", "the image's own command")
                    #expect(try client.must(run + ["sh", "-c", "echo $NOTE"]).text == "umoci\n")
                } else {
                    #expect(outcome.text == "busybox runs as 0 in /\n")
                }
            }
        }

        @Test("a removed image is gone, and what it took with it")
        func removal() throws {
            try Setting.one.with { site in
                let client = site.client
                #expect(!(try client.must("content", "list", "--quiet").lines.isEmpty))
                try client.must("images", "remove", "--sync", TestImage.name)
                #expect(try client.must("images", "list", "--quiet").lines == [])
                #expect(try client.must("content", "list", "--quiet").lines == [])
                #expect(try client.must("snapshots", "list").lines.count == 1, "only the header is left")
                let outcome = try site.run("a", "true")
                #expect(outcome.status != 0)
                #expect(outcome.errorText.contains(TestImage.name) && outcome.errorText.contains("not found"))
            }
        }
    }
}
