import SwctrTestSupport
import Testing

extension Integration {
    @Suite("Large streams")
    struct BulkTests {
        static let size = 256 << 20

        @Test("256 MiB come out of a container unchanged", arguments: Setting.all)
        func output(_ setting: Setting) throws {
            try setting.with { site in
                let (blob, digest) = try Self.blob(in: site.workspace)
                let mount = "type=bind,src=\(blob),dst=/blob,options=rbind:ro"
                let command = site.client.command(
                    site.runArguments(["--rm", "--mount", mount], "a", ["cat", "/blob"]))
                let outcome = try Self.shell(
                    #"set -o pipefail; "$@" | sha256sum; exit ${PIPESTATUS[0]}"#, command, site)
                #expect(outcome.text.hasPrefix(digest))
                #expect(outcome.status == 0, "\(outcome.errorText)")
            }
        }

        @Test("256 MiB go into a container unchanged", arguments: Setting.all)
        func input(_ setting: Setting) throws {
            try setting.with { site in
                let (blob, digest) = try Self.blob(in: site.workspace)
                let command = site.client.command(site.runArguments(["--rm"], "a", ["sha256sum"]))
                let outcome = try Self.shell("exec \"$@\" < \(blob)", command, site)
                #expect(outcome.text.hasPrefix(digest))
                #expect(outcome.status == 0, "\(outcome.errorText)")
            }
        }

        /// Random bytes, and what sha256sum says of them.
        private static func blob(in workspace: Workspace) throws -> (path: String, digest: String) {
            let path = workspace.file("blob")
            let outcome = try must(
                ["bash", "-c", "set -o pipefail; head -c \(size) /dev/urandom | tee \(path) | sha256sum"])
            return (path, String(outcome.text.prefix(64)))
        }

        private static func shell(_ script: String, _ command: [String], _ site: Site) throws -> Outcome {
            try SwctrTestSupport.run(
                ["bash", "-c", script, "bash"] + command, environment: site.client.environment, within: .seconds(90))
        }
    }
}
