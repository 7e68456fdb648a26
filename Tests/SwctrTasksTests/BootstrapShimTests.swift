import Foundation
import Glibc
import SwctrCore
import SwctrProto
import SwctrRuntime
import SwctrTestSupport
import SwiftProtobuf
import Testing

@testable import SwctrTasks

@Suite("How a shim wants to be started")
struct ShimSurveyTests {
    @Test(
        "only runc's shim is asked, by the name of its file",
        arguments: [
            ("/usr/bin/containerd-shim-runc-v2", true), ("/opt/x/containerd-shim-runc-v3", true),
            ("/usr/bin/containerd-shim-runc-v1", false), ("/usr/bin/containerd-shim-kata-v2", false),
            ("/usr/bin/containerd-shim-swctr-v2", false), ("containerd-shim-runc-v2", true), ("", false),
        ])
    func names(path: String, isAsked: Bool) {
        #expect(ShimSurvey.isRuncShim(path) == isAsked)
    }

    @Test(
        "parameters are known since 2.3",
        arguments: [
            ("v2.4.0", true), ("v2.3.0-beta.1", true), ("2.10.1+unknown", true), ("v3.0.0", true), ("v2.2.9", false),
            ("1.6.20~ds1", false), ("v1.7.27", false), ("main", false), ("v2", false), ("", false),
        ])
    func versions(version: String, isKnown: Bool) {
        let text = "containerd-shim-runc-v2:\n  Version:  \(version)\n  Revision: 9.9\n  Go version: go1.24\n\n"
        #expect(ShimSurvey.takesParameters(version: text) == isKnown)
    }

    @Test("a shim is asked once, and again when its file has changed; one that fails counts as old")
    func once() throws {
        var template = Array("/tmp/swctr-survey-XXXXXX".utf8CString)
        let folder = try template.withUnsafeMutableBufferPointer { buffer in
            String(cString: try #require(buffer.baseAddress.flatMap { mkdtemp($0) }))
        }
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let shim = folder + "/containerd-shim-runc-v2"
        let calls = folder + "/calls"
        func install(_ version: String, status: Int = 0) throws {
            let script = "#!/bin/sh\necho \"$*\" >> \(calls)\necho '  Version:  \(version)'\nexit \(status)\n"
            // A new file each time, as a package's upgrade makes one.
            try? FileManager.default.moveItem(atPath: shim, toPath: shim + ".\(UUID())")
            try #require(
                FileManager.default.createFile(
                    atPath: shim, contents: Data(script.utf8), attributes: [.posixPermissions: 0o755]))
        }
        let survey = ShimSurvey()
        func ask() -> Bool { survey.wantsParameters(shim, environment: ["PATH=/usr/bin:/bin"], timeout: .seconds(20)) }
        try install("v2.3.1")
        #expect(ask() && ask() && ask())
        #expect(try String(contentsOfFile: calls, encoding: .utf8) == "-v\n")
        try install("v2.2.0")
        #expect(!ask() && !ask())
        try install("v2.4.0", status: 1)
        #expect(!ask())
        #expect(try String(contentsOfFile: calls, encoding: .utf8) == "-v\n-v\n-v\n")
        #expect(!survey.wantsParameters(folder + "/containerd-shim-runc-v3", environment: [], timeout: .seconds(1)))
    }

    @Test("an answer in protobuf is taken where it was asked for, and a text still is", arguments: [2, 3])
    func message(version: Int32) throws {
        var result = Containerd_Runtime_Bootstrap_V1_BootstrapResult()
        result.version = version
        result.address = "unix:///run/s/abc"
        result.protocol = "ttrpc"
        let bytes: [UInt8] = try result.serializedBytes()
        let answer = try BootstrapAnswer(parsing: bytes, isMessage: true)
        #expect(answer.version == Int(version))
        #expect(answer.socketPath == "/run/s/abc")
        #expect(throws: EngineError.self) { try BootstrapAnswer(parsing: bytes) }
        for text in ["unix:///run/s/abc", #"{"version":2,"address":"unix:///run/s/abc","protocol":"ttrpc"}"#] {
            #expect(try BootstrapAnswer(parsing: Array(text.utf8), isMessage: true).socketPath == "/run/s/abc")
        }
        result.protocol = "grpc"
        let other: [UInt8] = try result.serializedBytes()
        #expect(throws: EngineError.self) { try BootstrapAnswer(parsing: other, isMessage: true) }
        #expect(throws: EngineError.self) { try BootstrapAnswer(parsing: [], isMessage: true) }
    }
}

extension RealShims {
    @Suite("A shim that demands its parameters")
    struct BootstrapShimTests {
        /// The shim is a fake (Tests/Support/bootstrap): no Debian package has one of containerd 2.4.
        @Test("it gets them, with the options in them, and is then like any other", arguments: [true, false])
        func parameters(withOptions: Bool) async throws {
            try await TaskFixture.with { fixture, manager in
                let path = Build.repository + "/Tests/Support/bootstrap/containerd-shim-runc-v2"
                let name = RuntimeOptionRule.runcRuntime
                let runtime = try RuntimeRegistry(configured: [name: path], directories: []).resolve(name)
                #expect(!runtime.isOwn)
                var options = RuntimeOptions.none
                if withOptions {
                    var runc = Containerd_Runc_V1_Options()
                    runc.binaryName = "crun"
                    options = .runc(runc)
                }
                let output = "\(fixture.folder)/a.out"
                let request = TaskRequest(
                    namespace: fixture.namespace, id: try ContainerID("a"), runtime: runtime,
                    options: options, spec: try fixture.spec("a", ["true"]), stdio: TaskStdio(stdout: output))
                let task = try await fixture.create(manager, request)
                try await task.start()
                #expect(try await task.wait().status.code == 7)
                let type = withOptions ? "containerd.runc.v1.Options" : "none"
                #expect(fixture.output("a") == "parameters of a: \(type)\n")
                try await task.delete(force: false)
                try await fixture.expectNothingLeft(of: "a")
            }
        }
    }
}
