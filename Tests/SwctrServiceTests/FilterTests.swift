import SwctrCore
import SwctrService
import Testing

@Suite("Filters")
struct FilterTests {
    static let labels = ["a.b": "1", "plain": "x,y"]

    static func field(_ path: [String]) -> String? {
        switch path.first {
        case "name": path.count == 1 ? "docker.io/library/busybox:latest" : nil
        case "runtime": path == ["runtime", "name"] ? "io.containerd.runc.v2" : nil
        case "labels": Filter.label(path, of: labels)
        default: nil
        }
    }

    @Test(
        "a filter passes what it describes",
        arguments: [
            ([], true), ([""], true),
            (["name"], true), (["nothing"], false),
            (["name==docker.io/library/busybox:latest"], true), (["name==busybox"], false),
            (["name!=busybox"], true), (["nothing!=x"], true),
            (["name~=busy"], true), (["name~=^busy"], false), (["name~=/library\\/busy/"], true),
            (["name~=|library/b.sybox|"], true),
            (["runtime.name==io.containerd.runc.v2"], true),
            (["labels.a.b==1"], true), (["labels.\"a.b\"==1"], true), (["labels.\"a.b\""], true),
            (["labels.plain==\"x,y\""], true), (["labels.other"], false),
            (["name~=busy,labels.a.b==2"], false), (["name~=busy,labels.a.b==1"], true),
            (["name==no", "labels.a.b==1"], true), (["name==no", "labels.a.b==2"], false),
        ] as [([String], Bool)])
    func passes(texts: [String], expected: Bool) throws {
        #expect(try Filter(texts).matches(Self.field) == expected)
    }

    @Test(
        "what is no filter is refused and quoted",
        arguments: ["==x", "name==", "name~=[", "name==a b", "\"name", "name,", "name~=/x", "a..b", "name=x"])
    func refused(text: String) {
        let error = #expect(throws: EngineError.self) { try Filter([text]) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.subject == "filter \"\(text)\"")
    }
}
