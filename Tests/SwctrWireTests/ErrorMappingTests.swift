import SwctrCore
import SwctrProto
import SwctrWire
import SwiftProtobuf
import Testing

@Suite("Errors on the wire")
struct ErrorMappingTests {
    @Test("an engine error arrives as it was sent")
    func roundTrip() throws {
        let sent = EngineError(
            .notFound, operation: "run", subject: "image \"x\"", message: "is not here", hint: "swctr images ls",
            causes: ["open /x: ENOENT"])
        let response = try Ttrpc_Response(serializedBytes: RPCStatus(sent).responseBody)
        let status = try #require(RPCStatus(response))
        #expect(status.message == sent.description)
        let received = EngineError(status)
        #expect(received.description == sent.description)
        #expect(received.message == sent.message)
        #expect(received.hint == sent.hint)
        #expect(received.causes == sent.causes)
        #expect(received.code == sent.code)
    }

    @Test("a foreign status keeps code and text, known or not", arguments: [1, 5, 16, 17, 4711] as [Int32])
    func foreign(code: Int32) {
        let error = EngineError(RPCStatus(ErrorCode(rawValue: code), "no such process: not found"))
        #expect(error.code.rawValue == code)
        #expect(error.message == "no such process: not found")
    }

    @Test("success is no status, or code 0")
    func success() throws {
        #expect(RPCStatus(Ttrpc_Response()) == nil)
        #expect(RPCStatus(try Ttrpc_Response(serializedBytes: [0x0A, 0x00])) == nil)
    }

    @Test("an error too large for a frame is cut, not lost")
    func huge() throws {
        let error = EngineError(
            .internal, subject: "x", message: "m", causes: [String(repeating: "c", count: 5 << 20)])
        let body = RPCStatus(error).responseBody
        #expect(body.count <= FrameHeader.maximumLength)
        #expect(RPCStatus(try Ttrpc_Response(serializedBytes: body))?.code == .internal)
    }

    @Test(
        "timeouts travel as nanoseconds and never overflow",
        arguments: [
            (Duration.milliseconds(1500), 1_500_000_000 as Int64), (.seconds(Int64.max), .max), (.zero, 0),
            (.seconds(-2), -2_000_000_000),
        ])
    func timeouts(timeout: Duration, expected: Int64) throws {
        let request = try Ttrpc_Request(service: "s", method: "m", message: Ttrpc_Status(), timeout: timeout)
        #expect(request.timeoutNano == expected)
    }
}
