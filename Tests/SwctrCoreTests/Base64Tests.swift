import Testing

@testable import SwctrCore

@Suite("Base64")
struct Base64Tests {
    @Test(
        "RFC 4648's examples",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ])
    func examples(plain: String, encoded: String) {
        #expect(Base64.encode(Array(plain.utf8)) == encoded)
        #expect(Base64.decode(encoded) == Array(plain.utf8))
        #expect(Base64.decode(encoded.filter { $0 != "=" }) == Array(plain.utf8))
    }

    @Test("every byte comes back")
    func all() {
        let bytes = (0...255).map { UInt8($0) }
        for length in 0...256 {
            #expect(Base64.decode(Base64.encode(bytes.prefix(length))) == Array(bytes.prefix(length)))
        }
        #expect(Base64.decode("-_-_") == Base64.decode("+/+/"))
    }

    @Test("what is no Base64 is nil", arguments: ["a", "ab!d", "a b c", "ä"])
    func refused(text: String) { #expect(Base64.decode(text) == nil) }
}
