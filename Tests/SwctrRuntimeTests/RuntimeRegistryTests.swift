import Foundation
import SwctrCore
import SwctrRuntime
import Testing

@Suite("Names of runtimes")
struct RuntimeRegistryTests {
    /// A directory with executables of the given names, for as long as `body` runs.
    private func withShims<Result>(_ names: [String], _ body: (String) throws -> Result) throws -> Result {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        for name in names {
            let path = directory.appendingPathComponent(name).path
            let made = FileManager.default.createFile(
                atPath: path, contents: Data(), attributes: [.posixPermissions: NSNumber(value: 0o755)])
            #expect(made)
        }
        return try body(directory.path)
    }

    @Test("runc.v2 is our shim, other names follow containerd's pattern, paths are taken as they are")
    func names() throws {
        try withShims(["containerd-shim-swctr-v2", "containerd-shim-kata-v2"]) { directory in
            let registry = RuntimeRegistry(configured: [:], directories: ["/nowhere", directory])
            let own = try registry.resolve("io.containerd.runc.v2")
            #expect(own.shim == "\(directory)/containerd-shim-swctr-v2" && own.isOwn)
            let kata = try registry.resolve("io.containerd.kata.v2")
            #expect(kata.shim == "\(directory)/containerd-shim-kata-v2" && !kata.isOwn)
            let byPath = try registry.resolve("\(directory)/containerd-shim-kata-v2")
            #expect(byPath.shim == kata.shim)
        }
    }

    @Test("configuration overrides")
    func configured() throws {
        try withShims(["containerd-shim-runc-v2", "mine"]) { directory in
            let registry = RuntimeRegistry(
                configured: ["io.containerd.runc.v2": "containerd-shim-runc-v2", "fast": "\(directory)/mine"],
                directories: [directory])
            let overridden = try registry.resolve("io.containerd.runc.v2")
            #expect(!overridden.isOwn)
            let added = try registry.resolve("fast")
            #expect(added.shim == "\(directory)/mine")
            #expect(registry.knownNames == ["fast", "io.containerd.runc.v2"])
        }
    }

    @Test("a shim that is not there is named, with where it was looked for")
    func missing() throws {
        let registry = RuntimeRegistry(configured: [:], directories: ["/nowhere"])
        let error = #expect(throws: EngineError.self) { try registry.resolve("io.containerd.nosuch.v1") }
        #expect(error?.code == .notFound)
        #expect(error?.description.contains("containerd-shim-nosuch-v1") == true)
        #expect(error?.description.contains("/nowhere") == true)
    }

    @Test("what is no name is refused", arguments: ["", "runc", "io..v2", "../x.y", "a/b.c", "io.containerd."])
    func invalid(name: String) {
        let registry = RuntimeRegistry(configured: [:], directories: [])
        let error = #expect(throws: EngineError.self) { try registry.resolve(name) }
        #expect(error?.code == .invalidArgument)
    }

    @Test("a path that is no executable file is refused", arguments: ["/", "/etc/passwd", "/no/such/shim"])
    func badPath(path: String) {
        #expect(throws: EngineError.self) { try RuntimeRegistry(configured: [:], directories: []).resolve(path) }
    }
}
