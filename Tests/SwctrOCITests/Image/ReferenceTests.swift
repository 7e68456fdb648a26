import SwctrCore
import SwctrOCI
import Testing

@Suite("Image references")
struct ReferenceTests {
    static let hex = String(repeating: "a", count: 64)

    @Test(
        "full names come back as they were",
        arguments: [
            "docker.io/library/busybox:latest", "localhost:5000/a/b:v1.2_3-x", "ctr-parity.local/other:2",
            "r.example/a__b/c--d.e:1@sha256:\(hex)", "r.example/x", "[::1]:5000/x:1", "REG.example/x",
        ])
    func full(text: String) throws {
        #expect(try Reference(text).description == text)
    }

    @Test(
        "short names are completed as Docker does",
        arguments: [
            ("busybox", "docker.io/library/busybox:latest"), ("busybox:1", "docker.io/library/busybox:1"),
            ("a/b", "docker.io/a/b:latest"), ("localhost/x", "localhost/x:latest"), ("h:1/x", "h:1/x:latest"),
            ("quay.io/a/b@sha256:\(hex)", "quay.io/a/b@sha256:\(hex)"),
            ("index.docker.io/library/x:1", "docker.io/library/x:1"),
        ])
    func short(text: String, expected: String) throws {
        #expect(try Reference(normalizing: text).description == expected)
    }

    @Test(
        "what is no name is refused",
        arguments: [
            "", "a/", "/a", "r.example/UPPER", "r.example/a..b", "r.example/a___b", "r.example/-a", "r.example/a:",
            "r.example/a:b:c", "r.example/a b", "r.example/a@sha256:xyz", "r.example/../x", "-h/x", "h:99999/x",
            "r.example/a:.x", "r.example/" + String(repeating: "a", count: 250),
        ])
    func refused(text: String) {
        let error = #expect(throws: EngineError.self) { try Reference(normalizing: text) }
        #expect(error?.code == .invalidArgument)
    }

    @Test("stored names may be anything printable", arguments: ["x", "Any/Thing:1", "é"])
    func stored(name: String) throws { try Reference.checkImageName(name) }

    @Test(
        "but no spaces, controls or novels",
        arguments: ["", "a b", "a\nb", "\u{7f}", String(repeating: "x", count: 1025)])
    func storedRefused(name: String) {
        #expect(throws: EngineError.self) { try Reference.checkImageName(name) }
    }
}
