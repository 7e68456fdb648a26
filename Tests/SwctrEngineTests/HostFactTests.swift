import Foundation
import SwctrCore
import SwctrOCI
import SwctrProto
import Testing

@testable import SwctrEngine

@Suite("Classes of block I/O")
struct BlockIOTests {
    private let document = """
        Classes:
          slow:
          - Devices:
            - /dev/loop-no-such-*
            ThrottleReadBps: 60M
          - Weight: 20
          broken:
          - Weight: heavy
        """

    @Test("a class gives weights and limits, by the devices that there are")
    func classes() throws {
        let slow = try BlockIOClasses(Data(document.utf8)).resolved("slow")
        #expect(slow.weight == 20)
        #expect(slow.throttleReadBpsDevice == nil)
    }

    @Test(
        "limits are for the devices that a pattern matches",
        .enabled(if: FileManager.default.fileExists(atPath: "/dev/loop0")))
    func devices() throws {
        let text = #"{"Classes":{"x":[{"Devices":["/dev/loop0"],"ThrottleWriteIOPS":"2k","Weight":7}]}}"#
        let found = try BlockIOClasses(Data(text.utf8)).resolved("x")
        #expect(found.throttleWriteIOPSDevice == [.init(major: 7, minor: 0, rate: 2000)])
        #expect(found.weightDevice == [.init(major: 7, minor: 0, weight: 7)])
    }

    @Test("what is no class, no number or no such file is refused")
    func refused() {
        #expect(throws: EngineError.self) { try BlockIOClasses(Data(document.utf8)).resolved("fast") }
        #expect(throws: EngineError.self) { try BlockIOClasses(Data(document.utf8)).resolved("broken") }
        #expect(throws: EngineError.self) { try BlockIOClasses(Data("a: 1".utf8)) }
    }
}

@Suite("Device specifications of a host")
struct CDIRegistryTests {
    /// Folders with these files; gone when the body is done.
    private func withFolders<Value>(_ files: [[String: String]], _ body: ([String]) throws -> Value) throws -> Value {
        let root = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: root) }
        let folders = try files.enumerated().map { index, files in
            let folder = root.appendingPathComponent("\(index)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            for (name, text) in files { try Data(text.utf8).write(to: folder.appendingPathComponent(name)) }
            return folder.path
        }
        return try body(folders)
    }

    private func specification(_ value: String, kind: String = "v.com/c") -> String {
        """
        {"cdiVersion":"0.5.0","kind":"\(kind)","containerEdits":{"env":["COMMON=1"]},
         "devices":[{"name":"0","containerEdits":{"env":["V=\(value)"]}},
                    {"name":"1","containerEdits":{"deviceNodes":[{"path":"/dev/other","hostPath":"/dev/null"}]}}]}
        """
    }

    @Test("a later folder stands above an earlier one, and what is common comes once")
    func priority() throws {
        try withFolders([["a.json": specification("old")], ["b.json": specification("new")]]) { folders in
            let registry = try CDIRegistry.load(from: folders + ["/nonexistent"])
            let names = try ["v.com/c=0", "v.com/c=1"].map { try #require(CDIName($0)) }
            let edits = try registry.edits(for: names)
            #expect(edits.map(\.env) == [["COMMON=1"], ["V=new"], nil])
            let node = try #require(edits.last?.deviceNodes?.first)
            #expect((node.path, node.type, node.major, node.minor) == ("/dev/other", "c", 1, 3))
        }
    }

    @Test("two files that claim one device are an error, as is a device that nobody knows")
    func conflicts() throws {
        try withFolders([["a.json": specification("a"), "b.yaml": specification("b"), "c.yml": "a: &b"]]) { folders in
            let registry = try CDIRegistry.load(from: folders)
            let claimed = try #require(CDIName("v.com/c=0"))
            let error = #expect(throws: EngineError.self) { try registry.edits(for: [claimed]) }
            #expect(error?.code == .failedPrecondition)
            let unknown = try #require(CDIName("v.com/c=9"))
            let missing = #expect(throws: EngineError.self) { try registry.edits(for: [unknown]) }
            #expect(missing?.code == .notFound)
            #expect(missing?.message.contains("c.yml, line 1") == true)
        }
    }

    @Test("GPUs are the first vendor's that is here")
    func gpus() throws {
        try withFolders([["a.json": specification("a", kind: "amd.com/gpu")]]) { folders in
            let name = try CDIRegistry.load(from: folders).gpu(3)
            #expect(name.description == "amd.com/gpu=3")
        }
        try withFolders([[:]]) { folders in
            let registry = try CDIRegistry.load(from: folders)
            #expect(throws: EngineError.self) { try registry.gpu(0) }
        }
    }
}

@Suite("A specification of the user's own")
struct GivenSpecTests {
    private func given(_ text: String, _ change: (inout Swctr_V1_ContainerOptions) -> Void = { _ in }) throws
        -> GivenSpec
    {
        var request = Swctr_V1_ContainerOptions()
        request.id = "a"
        request.spec = Data(text.utf8)
        change(&request)
        return try GivenSpec(request)
    }

    private let minimal =
        #"{"ociVersion":"1.0.2","root":{"path":"/"},"process":{"cwd":"/","args":["x"]},"linux":{},"vendor":{"deep":[1.5,true]}}"#

    @Test("it is handed on as it is, unknown members too, with labels as annotations")
    func kept() throws {
        let spec = try given(minimal) { $0.labels = ["a": "b"] }
        let tree = try #require(try JSONSerialization.jsonObject(with: spec.document) as? [String: Any])
        let vendor = try #require(tree["vendor"] as? [String: Any])
        #expect(NSDictionary(dictionary: vendor).isEqual(to: ["deep": [1.5, true]]))
        #expect(tree["annotations"] as? [String: String] == ["a": "b"])
        #expect(tree["mounts"] == nil)
        #expect(spec.spec.process.args == ["x"])
    }

    @Test(
        "what cannot be run is refused by the member that is wrong",
        arguments: [
            ("nothing", "JSON"), ("[]", "object"), ("{}", "linux"), (#"{"linux":{}}"#, "ociVersion"),
            (#"{"ociVersion":"2.0","root":{"path":"/"},"process":{"cwd":"/","args":["x"]},"linux":{}}"#, "1.x"),
            (
                #"{"ociVersion":"1.0","root":{"path":"rootfs"},"process":{"cwd":"/","args":["x"]},"linux":{}}"#,
                "root.path"
            ),
            (
                #"{"ociVersion":"1.0","root":{"path":"/none"},"process":{"cwd":"/","args":["x"]},"linux":{}}"#,
                "root.path"
            ),
            (#"{"ociVersion":"1.0","root":{"path":"/"},"process":{"cwd":"/"},"linux":{}}"#, "process.args"),
            (#"{"ociVersion":"1.0","root":{"path":"/"},"process":{"cwd":3},"linux":{}}"#, "process.cwd"),
        ])
    func refused(text: String, word: String) {
        let error = #expect(throws: EngineError.self) { _ = try given(text) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains(word) == true, "\(error?.message ?? "")")
    }

    @Test("anything that it would override is refused")
    func alone() {
        for change: (inout Swctr_V1_ContainerOptions) -> Void in [
            { $0.image = "i" }, { $0.env = ["A=b"] }, { $0.privileged = true }, { $0.resources.cpuShares = 1 },
            { $0.cgroup = "" },
        ] {
            #expect(throws: EngineError.self) { _ = try given(minimal, change) }
        }
    }
}
