import Foundation
import SwctrCore
import SwctrOCI
import Testing

@Suite("Device specifications")
struct CDITests {
    @Test(
        "qualified names are told from paths",
        arguments: [
            ("nvidia.com/gpu=0", "nvidia.com/gpu", "0"),
            ("vendor.com/net-card=a:b.c_d", "vendor.com/net-card", "a:b.c_d"),
        ])
    func names(text: String, kind: String, device: String) {
        let name = CDIName(text)
        #expect(name?.kind == kind)
        #expect(name?.device == device)
        #expect(name?.description == text)
    }

    @Test(
        "what is no qualified name is none",
        arguments: ["/dev/fuse", "/dev/a/b=c", "gpu=0", "vendor/gpu", "vendor/gpu=", "/gpu=0", "-v/gpu=0", "v/g=a b"])
    func noNames(text: String) { #expect(CDIName(text) == nil) }

    @Test("YAML as generators write it is read")
    func yaml() throws {
        let text = """
            ---
            cdiVersion: 0.5.0   # a comment
            containerEdits:
              env:
              - "NVIDIA_VISIBLE_DEVICES=void"
              hooks:
              - args:
                - nvidia-cdi-hook
                - 'it''s'
                hookName: createContainer
                path: /usr/bin/nvidia-cdi-hook
              mounts:
                - containerPath: /lib/x.so
                  hostPath: /usr/lib/x.so
                  options: [ro, nosuid]
            devices:
            - containerEdits:
                deviceNodes:
                - path: /dev/nvidia0
                  major: 195
                  fileMode: 438
              name: "0"
            kind: nvidia.com/gpu
            empty:
            """
        let tree = try YAMLReader.read(text, name: "x.yaml")
        let specification = try JSONDecoder().decode(CDISpecification.self, from: JSONEncoder().encode(tree))
        #expect(specification.kind == "nvidia.com/gpu")
        #expect(specification.containerEdits?.env == ["NVIDIA_VISIBLE_DEVICES=void"])
        #expect(specification.containerEdits?.hooks?.first?.args == ["nvidia-cdi-hook", "it's"])
        #expect(specification.containerEdits?.mounts?.first?.options == ["ro", "nosuid"])
        #expect(specification.devices.first?.name == "0")
        #expect(specification.devices.first?.containerEdits.deviceNodes?.first?.major == 195)
        #expect(tree["empty"] == .null)
    }

    @Test("JSON is read too, over several lines")
    func json() throws {
        let tree = try YAMLReader.read("{\r\n \"a\": [1, true, null,\n \"x\\u0041\"],\n \"b\": {}\n}\n", name: "x.json")
        #expect(tree["a"] == .array([.integer(1), .bool(true), .null, .string("xA")]))
        #expect(tree["b"] == .object([:]))
    }

    @Test(
        "what is not understood is refused by its line",
        arguments: [
            ("a: &anchor 1", 1), ("a: 1\nb: |\n  text", 2), ("a: 1\n\tb: 2", 2), ("a: 1\na: 2", 2), ("a: [1", 1),
            ("a: 1\n  b: 2", 2), ("- 1\nb: 2", 2), ("a: 1\n---\nb: 2", 2), ("a: \"x", 1),
        ])
    func refused(text: String, line: Int) {
        let error = #expect(throws: EngineError.self) { _ = try YAMLReader.read(text, name: "f") }
        #expect(error?.subject == "f, line \(line)")
    }

    @Test("a device brings environment, node, mount, hook and group into the specification")
    func edits() throws {
        let text = """
            {"env":["A=1"],"deviceNodes":[{"path":"/dev/x","type":"c","major":1,"minor":2,"permissions":"rw"}],
             "mounts":[{"hostPath":"/h","containerPath":"/c","options":["bind"]}],
             "hooks":[{"hookName":"poststop","path":"/bin/true"}],"additionalGids":[44,0]}
            """
        var host = SpecRequest.Host()
        host.deviceEdits = [try JSONDecoder().decode(CDIEdits.self, from: Data(text.utf8))]
        var request = SpecRequest(id: "web", namespace: "default")
        request.args = ["true"]
        let spec = try SpecBuilder.build(request, image: nil, users: UserDatabase(), host: host)
        #expect(spec.process.env.contains("A=1"))
        #expect(spec.linux.devices?.map(\.path) == ["/dev/x"])
        #expect(spec.linux.resources?.devices?.last?.access == "rw")
        #expect(spec.mounts.last?.destination == "/c")
        #expect(spec.hooks?.poststop?.map(\.path) == ["/bin/true"])
        #expect(spec.process.user.additionalGids == [0, 44])
    }
}
