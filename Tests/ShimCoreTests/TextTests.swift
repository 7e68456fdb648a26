import Testing

@testable import ShimCore

extension Text: CustomTestStringConvertible {
    public var testDescription: String { String(decoding: bytes, as: UTF8.self) }
}

@Suite("Text")
struct TextTests {
    @Test(
        "numbers are read whole or not at all",
        arguments: [
            ("0", 0), ("42", 42), ("-7", -7), ("", nil), ("-", nil), ("4 ", nil), ("9223372036854775808", nil),
        ] as [(Text, Int?)])
    func decimal(text: Text, value: Int?) {
        #expect(text.decimal == value)
    }

    @Test("numbers are written as they are read", arguments: [0, 1, -1, 1234567890, Int64.min + 1])
    func written(number: Int64) {
        #expect(Text(decimal: number).decimal == Int(number))
    }

    @Test("literals take texts and numbers in")
    func interpolation() {
        let name: Text = "web"
        #expect("container \(name) has \(3) execs" as Text == "container web has 3 execs")
    }

    @Test("blanks at the ends are taken off")
    func trimmed() {
        #expect((" \t12\n\r\n" as Text).trimmed == "12")
        #expect(("  " as Text).trimmed == "")
    }

    @Test("splitting keeps empty pieces")
    func split() {
        #expect(("a::b" as Text).split(0x3a) == ["a", "", "b"])
    }

    @Test("C strings end at their NUL")
    func cString() {
        let copy = ("abc" as Text).withCString { Text($0) }
        #expect(copy == "abc")
    }
}
