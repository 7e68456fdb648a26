import SwctrCore
import Testing

@testable import SwctrTasks

@Suite("Answer to start")
struct BootstrapAnswerTests {
    @Test(
        "an address, bare or in JSON, is taken",
        arguments: [
            ("unix:///run/s/abc", 2), ("unix:///run/s/abc\n", 2), ("  unix:///run/s/abc \r\n", 2),
            (#"{"version":2,"address":"unix:///run/s/abc","protocol":"ttrpc"}"#, 2),
            (#"{"version":3,"address":"unix:///run/s/abc","protocol":"ttrpc","extra":[1]}"#, 3),
            (#"{"version":2,"address":"unix:///run/s/abc"}"#, 2),
        ])
    func accepted(text: String, version: Int) throws {
        let answer = try BootstrapAnswer(parsing: Array(text.utf8))
        #expect(answer.version == version)
        #expect(answer.socketPath == "/run/s/abc")
        #expect(answer.address == "unix:///run/s/abc")
    }

    @Test(
        "anything else is an error that quotes it",
        arguments: [
            "", " \n", "Error: no KVM", "unix://relative", "unix:///a\nunix:///b", "abstract-name", "{}", "{",
            #"{"version":2,"address":"nonsense","protocol":"ttrpc"}"#,
            #"{"version":1,"address":"unix:///a","protocol":"ttrpc"}"#,
            #"{"version":3,"address":"unix:///a","protocol":"grpc"}"#,
            "vsock://3:1024", "hvsock:///x:1",
        ])
    func refused(text: String) {
        #expect(throws: EngineError.self) { try BootstrapAnswer(parsing: Array(text.utf8)) }
    }

    @Test("bytes that are no text are an error and no crash")
    func bytes() {
        #expect(throws: EngineError.self) { try BootstrapAnswer(parsing: [0xff, 0xfe, 0x00, 0x0a]) }
    }
}
