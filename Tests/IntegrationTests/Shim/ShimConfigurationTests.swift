import Foundation
import SwctrCore
import SwctrProto
import SwctrTestSupport
import SwctrWire
import SwiftProtobuf
import Testing

extension Integration {
    /// `runtimeoptions.v1.Options`: what CRI sends to shims that are not runc's. Debian's shim cannot read it.
    @Suite("Shim: options that CRI passes on")
    struct ShimConfigurationTests {
        /// The document in one of the two ways in which it comes.
        private static func options(
            _ document: String, _ shim: ShimFixture, asFile: Bool
        ) throws -> Google_Protobuf_Any {
            var options = Runtimeoptions_V1_Options()
            options.typeURL = "example.org/whatever"
            if asFile {
                options.configPath = shim.workspace.file("options.toml")
                try Host.write(document, to: options.configPath)
            } else {
                options.configBody = .init(document.utf8)
            }
            return ShimFlavor.any("runtimeoptions.v1.Options", try options.serializedBytes())
        }

        @Test("the runtime is called as the configuration says, also by delete", arguments: [true, false])
        func honoured(_ asFile: Bool) throws {
            try ShimFixture.with(.runc) { shim in
                let calls = shim.workspace.file("calls")
                try Host.makeFolder(shim.workspace.file("state"))
                // The test's host need not run systemd.
                let script = """
                    #!/bin/sh
                    echo "$@" >> \(calls)
                    for word in "$@"; do shift; [ "$word" = --systemd-cgroup ] || set -- "$@" "$word"; done
                    exec runc "$@"
                    """
                try Host.write(script, to: shim.workspace.file("runtime"), mode: 0o755)
                let document = """
                    BinaryName = "\(shim.workspace.file("runtime"))"
                    Root = '\(shim.workspace.file("state"))'
                    NoNewKeyring = true
                    SystemdCgroup = true
                    """
                shim.options = try Self.options(document, shim, asFile: asFile)
                try shim.create()
                let process = try shim.shimPID()
                kill(process, SIGKILL)
                try Host.awaitEnd(of: process)
                _ = try shim.deleteBinary("a")
                let lines = try Host.read(calls).split(separator: "\n").map(String.init)
                let state = "--root \(shim.workspace.file("state"))/\(shim.workspace.namespace) "
                #expect(lines.count == 2)
                #expect(lines.allSatisfy { $0.hasPrefix(state) && $0.contains(" --systemd-cgroup ") }, "\(lines)")
                #expect(lines.first?.contains(" create ") == true)
                #expect(lines.first?.contains(" --no-new-keyring ") == true)
                #expect(lines.last?.hasSuffix(" delete --force a") == true)
            }
        }

        @Test("streams belong to the user of the configuration")
        func owner() throws {
            try ShimFixture.with(.runc, ["true"]) { shim in
                // Before the runtime gives them to the user of the process.
                let script = """
                    #!/bin/sh
                    case "$*" in *" create "*) stat -L -c %u:%g /proc/self/fd/2 > \(shim.workspace.file("owner"));; esac
                    exec runc "$@"
                    """
                try Host.write(script, to: shim.workspace.file("runtime"), mode: 0o755)
                let document = "BinaryName = '\(shim.workspace.file("runtime"))'\nIoUid = 1234\nIoGid = 5678"
                shim.options = try Self.options(document, shim, asFile: false)
                let reader = try shim.reader("out")
                try shim.create("a", .output("out"))
                #expect(try Host.read(shim.workspace.file("owner")) == "1234:5678\n")
                try shim.startTask()
                #expect(try shim.wait() == 0)
                _ = try reader.wait()
            }
        }

        @Test("what has no effect is told in the log, as is a systemd path without systemd")
        func told() throws {
            try ShimFixture.with(
                .runc,
                edit: { spec in
                    guard var linux = spec["linux"] as? [String: Any] else { return }
                    linux["cgroupsPath"] = "system.slice:test:a"
                    spec["linux"] = linux
                }
            ) { shim in
                shim.options = try Self.options("Colour = 'red'\n[Kata]\nx = [1]\nBinaryName = 1", shim, asFile: false)
                let reader = try Child(["cat", shim.bundle("a") + "/log"])
                // Some runtimes take such a path for a plain one, others refuse it.
                if try shim.refusal("Create", shim.createRequest()) == nil { try shim.delete() }
                for text in [
                    "option Colour of container a is unknown and has no effect", "option Kata.x of container a ",
                    "option Kata.BinaryName of container a ",
                    "cgroupsPath system.slice:test:a of container a is systemd's, but the option SystemdCgroup is off",
                ] { try reader.expect(text) }
                reader.signal(SIGKILL)
                _ = try reader.wait()
            }
        }

        @Test(
            "a configuration that cannot be understood is refused, and nothing is made",
            arguments: [
                ("SystemdCgroup = \"yes\"", "config_body: SystemdCgroup must be true or false: invalid argument"),
                ("Root = 'x'\n= 1", "config_body: line 2 cannot be read as TOML: invalid argument"),
            ])
        func refused(_ document: String, _ message: String) throws {
            try ShimFixture.with(.runc) { shim in
                shim.options = try Self.options(document, shim, asFile: false)
                let status = try #require(try shim.refusal("Create", shim.createRequest()))
                #expect(status.code == .invalidArgument)
                #expect(status.message == message)
                #expect(!Host.exists(shim.bundle("a") + "/options.json"))
            }
        }

        @Test("a file that is not there, or named from nowhere, is refused")
        func noFile() throws {
            try ShimFixture.with(.runc) { shim in
                for (path, problem) in [
                    ("/no/such/file", "config_path /no/such/file: no such file or directory: invalid argument"),
                    ("options.toml", "config_path options.toml must be absolute: invalid argument"),
                ] {
                    var options = Runtimeoptions_V1_Options()
                    options.configPath = path
                    shim.options = ShimFlavor.any("runtimeoptions.v1.Options", try options.serializedBytes())
                    let status = try #require(try shim.refusal("Create", shim.createRequest()))
                    #expect(status.code == .invalidArgument)
                    #expect(status.message == problem)
                }
            }
        }
    }
}
