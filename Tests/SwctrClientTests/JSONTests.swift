import SwctrClient
import SwctrCore
import Testing

@Suite("JSON without Foundation")
struct JSONTests {
    @Test(
        "a document survives reading and printing",
        arguments: [
            #"{"b":1,"a":[true,false,null,-1.5e+3],"s":"a\"\\\n\té中"}"#, "[]", "{}", #""x""#,
            #"{"deep":[[[{"x":[]}]]],"big":18446744073709551615}"#,
        ])
    func roundTrip(text: String) throws {
        let value = try JSONValue(parsing: Array(text.utf8))
        #expect(value.compact == text)
        #expect(try JSONValue(parsing: Array(value.formatted().utf8)) == value)
    }

    @Test("escapes are read", arguments: [(#""\u00e9\ud83d\ude00\/""#, "é😀/"), (#""\ud800x""#, "\u{fffd}x")])
    func escapes(text: String, expected: String) throws {
        #expect(try JSONValue(parsing: Array(text.utf8)) == .string(expected))
    }

    @Test("control characters are escaped in print")
    func control() { #expect(JSONValue.string("\u{1b}[31m\u{7f}").compact == #""\u001b[31m\u007f""#) }

    @Test(
        "what is no JSON is refused, whatever it is",
        arguments: ["", "{", "[1,", #"{"a" 1}"#, "tru", "1 2", "\"\n\"", "{1:2}", "-", "\"abc", #""\x""#])
    func refused(text: String) {
        let error = #expect(throws: EngineError.self) { _ = try JSONValue(parsing: Array(text.utf8)) }
        #expect(error?.code == .invalidArgument)
    }

    @Test("a document that is nested without end is refused, not a crash")
    func deep() {
        #expect(throws: EngineError.self) { _ = try JSONValue(parsing: [UInt8](repeating: 0x5b, count: 1_000_000)) }
    }
}
