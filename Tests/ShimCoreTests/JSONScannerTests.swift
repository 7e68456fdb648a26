import Testing

@testable import ShimCore

@Suite("JSON scanner")
struct JSONScannerTests {
    private func skips(_ json: Text) -> Bool {
        var scanner = JSONScanner(json)
        do throws(JSONError) {
            try scanner.skipValue()
        } catch {
            return false
        }
        return scanner.atEnd()
    }

    @Test(
        "any value can be passed over",
        arguments: ["1", "-1.5e+3", "\"x\"", "true", "null", "[]", "{}", "[1,[2,{\"a\":[]}]]", "{\"a\":{\"b\":null}}"]
            as [Text])
    func values(json: Text) {
        #expect(skips(json))
    }

    @Test(
        "what is not JSON is an error, not a trap",
        arguments: ["", "[", "{\"a\"", "]", "tru", "\"abc", "\"\\x\"", "\"\\u12\"", "\"\\", "@"] as [Text])
    func broken(json: Text) {
        #expect(!skips(json))
    }

    @Test("nesting is bounded")
    func depth() {
        #expect(skips(Text(bytes: [UInt8](repeating: 0x5b, count: 128) + [UInt8](repeating: 0x5d, count: 128))))
        #expect(!skips(Text(bytes: [UInt8](repeating: 0x5b, count: 1_000_000))))
    }

    @Test("escapes become bytes, lone surrogates the replacement character")
    func escapes() throws {
        var scanner = JSONScanner(#""a\n\t\"\\\/\u00e9\ud83d\ude00\ud800x""#)
        #expect(try scanner.string() == "a\n\t\"\\/é😀\u{fffd}x")
    }

    @Test("a quoted text is read back as it was")
    func quoted() throws {
        let text = Text(bytes: Array(0..<128) + Array("é".utf8))
        var scanner = JSONScanner(text.jsonQuoted)
        #expect(try scanner.string() == text)
    }

    @Test("ten thousand mutated documents never trap")
    func mutations() {
        var random = SystemRandomNumberGenerator()
        let valid = Text(
            #"{"annotations":{"a":"b\u0041"},"linux":{"namespaces":[{"type":"pid"},{"type":"x","path":"/p"}]}}"#
        )
        .bytes
        for _ in 0..<10_000 {
            var bytes = valid
            for _ in 0..<Int.random(in: 1...5, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            let text = Text(bytes: bytes)
            _ = BundleConfig(text)
            _ = RuntimeLog.lastError(in: text)
            _ = ExecSpec.setting(terminal: true, in: text)
            _ = ExitRecord(text)
        }
    }
}

@Suite("Bundle documents")
struct BundleDocumentTests {
    @Test(
        "only a pid namespace without a path is private",
        arguments: [
            (#"{"linux":{"namespaces":[{"type":"mount"},{"type":"pid"}]}}"#, true),
            (#"{"linux":{"namespaces":[{"path":"/proc/1/ns/pid","type":"pid"}]}}"#, false),
            (#"{"linux":{"namespaces":[{"type":"mount"}]}}"#, false), (#"{"linux":null}"#, false), ("{}", false),
            (#"{"linux":{"namespaces":[{"type":"pid"}]"#, false), ("", false),
        ] as [(Text, Bool)])
    func privateNamespace(json: Text, isPrivate: Bool) {
        #expect(BundleConfig(json).hasPrivatePIDNamespace == isPrivate)
    }

    @Test(
        "the group is the annotation's, else the pod's",
        arguments: [
            (#"{"annotations":{"io.kubernetes.cri.sandbox-id":"s","io.containerd.runc.v2.group":"g"}}"#, "g"),
            (#"{"process":{"args":["annotations"]},"annotations":{"io.kubernetes.cri.sandbox-id":"s"}}"#, "s"),
            (#"{"annotations":{"other":"x"}}"#, nil), (#"{"annotations":null}"#, nil),
        ] as [(Text, Text?)])
    func group(json: Text, group: Text?) {
        #expect(BundleConfig(json).group == group)
    }

    @Test(
        "the request decides about an exec's terminal",
        arguments: [
            (#"{"terminal":false,"args":["a"]}"#, #"{"terminal":true,"args":["a"]}"#),
            (#"{"args":["terminal"]}"#, #"{"terminal":true,"args":["terminal"]}"#), ("{}", #"{"terminal":true}"#),
            (#" { "args" : [] , "terminal" : null } "#, #" { "args" : [] , "terminal" : true } "#),
            ("[]", nil), ("", nil), ("{} x", nil),
        ] as [(Text, Text?)])
    func terminal(json: Text, expected: Text?) {
        #expect(ExecSpec.setting(terminal: true, in: json) == expected)
    }

    @Test("an exit record is read back as it was written")
    func exitRecord() {
        let record = ExitRecord(
            pid: 1234, status: ExitStatus(code: 137, at: Moment(seconds: 1_700_000_000, nanoseconds: 5)),
            isDeleted: true)
        #expect(ExitRecord(record.encoded) == record)
        #expect(
            record.encoded
                == "{\"pid\":1234,\"status\":137,\"seconds\":1700000000,\"nanos\":5,\"deleted\":true}\n")
    }

    @Test(
        "half an exit record is none",
        arguments: ["", "{}", #"{"pid":1,"status":2}"#, #"{"pid":99999999999}"#] as [Text])
    func noRecord(json: Text) {
        #expect(ExitRecord(json) == nil)
    }
}
